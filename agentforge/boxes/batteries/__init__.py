"""Batteries: files of attacks and cheats, run against a box as their authors meant them."""
