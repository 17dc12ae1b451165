from difflib import SequenceMatcher


def diff_lines(before: str, after: str, changes_only: bool = False) -> list[str]:
    """Compare two texts line by line.

    Args:
        before: the old text.
        after: the new text.
        changes_only: leave the unchanged lines out.

    Returns:
        The lines of both texts in reading order, each with a prefix of two characters: '- ' only
        in before, '+ ' only in after, two spaces in both. Where lines were replaced, the removed
        ones come first. Line ends (also a missing one at the end) are not compared. Equal texts
        give only unchanged lines, or an empty list with changes_only.

    Raises:
        Nothing.
    """
    old, new = before.splitlines(), after.splitlines()
    result: list[str] = []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            result += [f"- {line}" for line in old[start:end]]
            result += [f"+ {line}" for line in new[new_start:new_end]]
        elif not changes_only:
            result += [f"  {line}" for line in old[start:end]]
    return result
