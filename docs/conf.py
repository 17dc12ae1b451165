"""How the site is made of these pages: ``make site``. Strict, and nothing in it comes from another machine."""

from __future__ import annotations

project = "AgentForge"
author = "The AgentForge authors"
extensions = ["myst_parser"]
root_doc = "index"
exclude_patterns = ["measured"]
nitpicky = True

myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "furo"
html_title = "AgentForge"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#8a3b00", "color-brand-content": "#8a3b00"},
    "dark_css_variables": {"color-brand-primary": "#ffab6b", "color-brand-content": "#ffab6b"},
}
