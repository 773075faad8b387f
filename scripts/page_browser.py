"""A headless Chromium over its pipe: pages are opened, measured, drawn and printed. Nothing but Python's own library."""
import base64
import json
import os
import subprocess
import tempfile


class Browser:
    """One page of one browser. Everything that it complains about is kept in `complaints`."""

    def __init__(self, program):
        self.profile = tempfile.TemporaryDirectory()
        to_browser, own_write = os.pipe()
        own_read, from_browser = os.pipe()

        # The browser reads descriptor 3 and writes descriptor 4.
        def arrange():
            spare = [os.dup(to_browser), os.dup(from_browser)]
            while min(spare) <= 4:
                spare = [os.dup(number) for number in spare]
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
             "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
             f"--user-data-dir={self.profile.name}", "about:blank"],
            preexec_fn=arrange, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.writer, self.reader = os.fdopen(own_write, "wb", 0), os.fdopen(own_read, "rb", 0)
        self.buffer, self.serial, self.session = b"", 0, None
        self.complaints, self.loaded = [], False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self.serial += 1
        message = {"id": self.serial, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.writer.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.serial:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def receive(self):
        while b"\0" not in self.buffer:
            data = self.reader.read(1 << 20)
            if not data:
                raise RuntimeError("the browser ended")
            self.buffer += data
        text, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(text)
        self.note(message.get("method"), message.get("params", {}))
        return message

    def note(self, method, parameters):
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Log.entryAdded":
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(" ".join(str(item.get("value")) for item in parameters["args"]))
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(parameters["exceptionDetails"]["text"])
        elif method == "Network.loadingFailed" and not parameters.get("canceled"):
            self.complaints.append(f"not loaded: {parameters.get('errorText')} {parameters.get('blockedReason', '')}")

    def open(self, address, width, height=900, dark=False, media="", text_scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)
        self.complaints, self.loaded = [], False
        result = self.call("Page.navigate", url=address)
        if result.get("errorText"):
            raise RuntimeError(f"{address}: {result['errorText']}")
        while not self.loaded:
            self.receive()

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def draw(self, path, whole=True):
        image = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(image["data"]))

    def print(self, path):
        document = self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)
        with open(path, "wb") as file:
            file.write(base64.b64decode(document["data"]))
        return os.path.getsize(path)

    def close(self):
        self.writer.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.profile.cleanup()
