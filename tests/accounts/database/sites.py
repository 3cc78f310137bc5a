"""A database of its own on the test server, and how to act in it as each of its accounts."""

import os
import subprocess
import sys
from urllib.parse import quote

import dj_database_url
from django.conf import settings
from django.db import connection
from django.db.utils import ConnectionHandler

from accounts.database.grants import definer_account, readers, role_account

PASSWORD = "pass'word%s"


class Site:
    """One database, the accounts of it, and how to act as each."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.app = f"{name}_app"
        self.other_app = f"{name}_other_app"
        self.heads = settings.VAR_DIR / "tests" / f"{name}.jsonl"

    def url(self, user: str, password: str, name: str | None = None) -> str:
        given = connection.settings_dict
        return (
            f"mysql://{quote(user, safe='')}:{quote(password, safe='')}"
            f"@{given['HOST']}:{given['PORT']}/{self.name if name is None else name}"
        )

    @property
    def admin_url(self) -> str:
        given = connection.settings_dict
        return self.url(given["USER"], given["PASSWORD"])

    def manage(self, *arguments: str, admin: bool = False, url: str = "") -> str:
        """Run a command as the application, as the administrator, or as an address says."""
        environment = {
            "DJANGO_SETTINGS_MODULE": "vaxpass.settings",
            "VAXPASS_MODE": "development",
            "DATABASE_URL": url or (self.admin_url if admin else self.url(self.app, PASSWORD)),
            "DATABASE_ADMIN_URL": self.admin_url if arguments[0] == "sync_roles" else "",
            "AUDIT_HEAD_FILE": str(self.heads),
        }
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, url: str, sql: str) -> list[tuple]:
        handler = ConnectionHandler({"default": dj_database_url.parse(url)})
        try:
            with handler["default"].cursor() as cursor:
                cursor.execute(sql, None)
                return list(cursor.fetchall() or ())
        finally:
            handler["default"].close()

    def as_admin(self, sql: str) -> list[tuple]:
        return self.run(self.admin_url, sql)

    def as_app(self, sql: str) -> list[tuple]:
        return self.run(self.url(self.app, PASSWORD), sql)

    def reader(self, role: str) -> str:
        return f"{self.name}_{role}_reader"

    def as_reader(self, role: str, sql: str) -> list[tuple]:
        return self.run(self.url(self.reader(role), PASSWORD), sql)

    def drop(self) -> None:
        self.heads.unlink(missing_ok=True)
        users = [
            self.app,
            self.other_app,
            *(self.reader(name) for name in ("logistics", "analytics", "sales")),
        ]
        root = self.url(connection.settings_dict["USER"], connection.settings_dict["PASSWORD"], "")
        for user in users:
            self.run(root, f"DROP USER IF EXISTS `{user}`")
        self.run(root, f"DROP USER IF EXISTS `{definer_account(self.name)}`@`localhost`")
        for role in readers():
            self.run(root, f"DROP ROLE IF EXISTS `{role_account(self.name, role)}`")
        for name in (self.name, f"{self.name}_other"):
            self.run(root, f"DROP DATABASE IF EXISTS `{name}`")
