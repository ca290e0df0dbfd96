"""Certificates made for one test, by the openssl command."""
import subprocess


class Authority:
    """A certificate authority in `folder`. Every certificate it makes is (certificate file, key file)."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "ca.crt"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                      "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.crt")

    def server(self, name="server", host="localhost"):
        return self._certificate(name, f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth\n")

    def client(self, name):
        return self._certificate(name, "extendedKeyUsage=clientAuth\n")

    def _certificate(self, name, extensions):
        (self.folder / f"{name}.ext").write_text(extensions)
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt")
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)
