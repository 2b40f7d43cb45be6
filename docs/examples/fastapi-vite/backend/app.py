"""The backend: a health check and three items."""

import os

from fastapi import FastAPI

app = FastAPI(title="shop")

ITEMS = [
    {"id": 1, "name": "teapot", "price": 24.0},
    {"id": 2, "name": "cup", "price": 7.5},
    {"id": 3, "name": "saucer", "price": 4.0},
]


@app.get("/healthz")
def healthz() -> dict:
    return {"status": "ok"}


@app.get("/api/items")
def items() -> dict:
    return {"items": ITEMS, "served_by": os.getpid()}
