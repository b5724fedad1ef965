"""The page: a video on the left, what its tabs say of it on the right."""
