"""Running VaxPass: health, logs, the shared cache and what every request passes through."""
