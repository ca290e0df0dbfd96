"""nginx with TLS in front of a receiver: what a webhook of the real world is."""
import os
import pwd

from .ports import free_port, is_open
from .process import Process
from .waiting import until

CONFIG = """
daemon off;
user {user};
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 16m;
  tcp_nodelay on;
  upstream receiver {{ server 127.0.0.1:{receiver}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name localhost;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    keepalive_requests 100000;
    {client_certificates}
    location / {{
      proxy_pass http://receiver;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_read_timeout 120s;
    }}
  }}
}}
"""


class Front:
    """`clients`: an authority whose certificates a client must show. `host`: the name in its own certificate."""

    def __init__(self, folder, authority, receiver, clients=None, host="localhost"):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.authority, self.port, self.process = folder, authority, free_port(), None
        certificate, key = authority.server("front", host)
        demand = f"ssl_client_certificate {clients.file}; ssl_verify_client on;" if clients else ""
        user = "root root" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        (folder / "nginx.conf").write_text(CONFIG.format(
            folder=folder, port=self.port, receiver=receiver.port, certificate=certificate, key=key, user=user,
            client_certificates=demand))

    def start(self):
        self.process = Process(["nginx", "-e", "stderr", "-p", self.folder, "-c", self.folder / "nginx.conf"], self.folder / "nginx.log")
        until(lambda: is_open(self.port) or not self.process.alive(), "nginx listens")
        assert self.process.alive(), f"nginx did not start: {self.process.err}"
        return self

    def stop(self):
        self.process.stop()

    def end(self):
        if self.process:
            self.process.end()

    def cloud(self, name="hooks", tls=None, **more):
        """The receiver behind it as a cloud of the configuration."""
        return {"name": name, "type": "webhook", "url": f"https://localhost:{self.port}/events",
                "tls": {"ca_file": str(self.authority.file), **(tls or {})}, **more}
