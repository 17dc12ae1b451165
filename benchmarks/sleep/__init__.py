"""The benchmark of sleep: a month of one user, played with and without nights, and later tasks of the same kinds.

``kinds`` are the kinds of work, ``month`` deals them into sessions, ``days`` plays an arm, ``figures`` sums it up, and
``planted`` hands a night changes that it must not keep.
"""
