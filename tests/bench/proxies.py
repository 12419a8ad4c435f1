"""The proxies under test: their configuration and how they are started, watched and stopped.

All get the same work: accept HTTP/1.1 on loopback, send each request to the mock upstream over a kept connection, pass
the answer on without buffering a stream, and write an access log in the cheapest way they have. One worker each.
  nginx    one worker process; requests are buffered in memory before they are sent (as a gateway must, which has to
           read the model and may retry), answers are not; access log through a 64 KB buffer to a file.
  haproxy  one thread; http-reuse always; option http-no-delay, because a token must not wait for the next one; it has
           no buffered log file, so the log goes to an in-memory ring, cheaper than its usual datagram per request.
  fluxgate one worker; JSON access log to a file, metrics on; replaces the model's name and checks the stream, all as
           shipped. Only limits that would refuse the load are raised.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time

# Raised for every proxy: the pools must hold all connections of the load, and no request counter may close one.
POOL = 1024
FOREVER = 1_000_000_000

NGINX = """\
daemon off;
worker_processes 1;
worker_rlimit_nofile {nofile};
error_log {dir}/error.log warn;
pid {dir}/nginx.pid;
{user}
events {{ worker_connections 16384; }}
http {{
  log_format bench escape=json '{{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method",'
    '"path":"$uri","status":$status,"bytes_in":$request_length,"bytes_out":$bytes_sent,"duration":$request_time,'
    '"upstream":"$upstream_addr","upstream_duration":"$upstream_response_time"}}';
  access_log {dir}/access.log bench buffer=64k flush=1s;
  client_body_buffer_size 1m;
  client_max_body_size 64m;
  keepalive_requests {forever};
  keepalive_timeout 300s;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
{servers}}}
"""

NGINX_SERVER = """\
  upstream {shape} {{ server 127.0.0.1:{upstream}; keepalive {pool}; keepalive_requests {forever}; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass {scheme}://{shape};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host localhost;
      proxy_buffering off;
      proxy_read_timeout 300s;
      {tls}
    }}
  }}
"""

NGINX_TLS = ("proxy_ssl_verify on; proxy_ssl_trusted_certificate {ca}; proxy_ssl_name localhost; "
             "proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.2 TLSv1.3;")

HAPROXY = """\
global
  nbthread 1
  maxconn 8000
  log ring@access format rfc5424 local0
ring access
  format rfc5424
  maxlen 1200
  size 1048576
defaults
  mode http
  log global
  option httplog
  option http-no-delay
  http-reuse always
  maxconn 8000
  backlog 4096
  timeout connect 5s
  timeout client 300s
  timeout server 300s
"""

HAPROXY_PAIR = """\
frontend in_{shape}
  bind 127.0.0.1:{port}
  default_backend to_{shape}
backend to_{shape}
  server mock 127.0.0.1:{upstream} {tls}
"""

FLUXGATE = """\
workers: 1
listen: {{ address: "127.0.0.1:{port}" }}
admin: {{ address: "127.0.0.1:{admin}" }}
log: {{ level: info, format: json, access: true, file: "{dir}/access.log" }}
limits: {{ in_flight: 20000, connections: 20000 }}
providers:
{providers}targets:
{targets}routes:
{routes}"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def prepare_child(cpu):
    """For preexec_fn: the child ends with this program, in its own group, on its own processor."""
    libc = ctypes.CDLL(None)

    def prepare():
        libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})

    return prepare


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split()]
    except FileNotFoundError:
        return []


def cpu_ns(pid):
    """User and system time of a process, all threads, in nanoseconds."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                total += int(file.read().split()[0])
        return total
    except FileNotFoundError:  # a kernel without schedstat: clock ticks
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def machine_busy_ns():
    """Time all processors together have spent on anything but idling."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def rss_kb(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


class Proxy:
    """One proxy process. endpoint(shape) is where the load generator sends requests that end at that mock shape."""

    name = ""

    def __init__(self, directory, upstreams, ca, cpu):
        self.directory = os.path.join(directory, self.name)
        self.upstreams = upstreams  # shape name -> (port of the mock, whether it speaks TLS)
        self.ca = ca
        self.cpu = cpu
        self.process = None
        self.ports = {}

    def endpoint(self, shape):
        return self.ports[shape]

    def command(self):
        raise NotImplementedError

    def start(self):
        """Starts the process without waiting until it answers."""
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        self.ports = self.choose_ports()
        command = self.command()
        with open(os.path.join(self.directory, "output.log"), "wb") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            env=dict(os.environ, BENCH_API_KEY="sk-bench-upstream-key"),
                                            preexec_fn=prepare_child(self.cpu))

    def choose_ports(self):
        return {shape: free_port() for shape in self.upstreams}

    def write(self, file, text):
        path = os.path.join(self.directory, file)
        with open(path, "w") as out:
            out.write(text)
        return path

    def worker(self):
        """The process that does the work, whose memory is reported."""
        return self.process.pid

    def cpu_ns(self):
        return sum(cpu_ns(pid) for pid in [self.process.pid, *children(self.process.pid)])

    def rss_kb(self):
        return rss_kb(self.worker())

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            for pid in children(self.process.pid):
                os.kill(pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        self.process = None

    def explain(self):
        """The end of what the process printed, for an error message."""
        parts = []
        for file in ("output.log", "error.log"):
            path = os.path.join(self.directory, file)
            if os.path.exists(path):
                with open(path, errors="replace") as text:
                    parts.append(text.read()[-2000:])
        return f"{self.name}:\n" + "\n".join(parts)


class Direct(Proxy):
    """No proxy: the floor of the same window. Only shapes without TLS, which the load generator does not speak."""

    name = "direct"

    def start(self):
        self.ports = {shape: port for shape, (port, tls) in self.upstreams.items() if not tls}

    def cpu_ns(self):
        return 0

    def stop(self):
        pass


class Nginx(Proxy):
    name = "nginx"

    def command(self):
        servers = "".join(
            NGINX_SERVER.format(shape=shape, upstream=port, port=self.ports[shape], pool=POOL, forever=FOREVER,
                                scheme="https" if tls else "http", tls=NGINX_TLS.format(ca=self.ca) if tls else "")
            for shape, (port, tls) in self.upstreams.items())
        # As root, nginx would give its worker a user that may not read the scratch directory.
        user = "user root;" if os.getuid() == 0 else ""
        limit = subprocess.check_output(["sh", "-c", "ulimit -n"], text=True).strip()
        config = self.write("nginx.conf", NGINX.format(dir=self.directory, user=user, servers=servers, forever=FOREVER,
                                                       nofile=limit))
        return ["nginx", "-c", config, "-e", os.path.join(self.directory, "error.log")]

    def worker(self):
        deadline = time.monotonic() + 5
        while not children(self.process.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        return children(self.process.pid)[0]


class Haproxy(Proxy):
    name = "haproxy"

    def command(self):
        tls_options = f"ssl verify required ca-file {self.ca} verifyhost localhost sni str(localhost)"
        pairs = "".join(HAPROXY_PAIR.format(shape=shape, upstream=port, port=self.ports[shape],
                                            tls=tls_options if tls else "")
                        for shape, (port, tls) in self.upstreams.items())
        return ["haproxy", "-db", "-f", self.write("haproxy.cfg", HAPROXY + pairs)]


class Fluxgate(Proxy):
    name = "fluxgate"
    binary = ""  # set by the runner

    def choose_ports(self):
        return dict.fromkeys(self.upstreams, free_port())  # one listener; the model's name selects the route

    def command(self):
        providers = targets = routes = ""
        for shape, (port, tls) in self.upstreams.items():
            scheme = "https" if tls else "http"
            tls_options = f', tls: {{ ca: "{self.ca}", server_name: localhost }}' if tls else ""
            providers += (f"  {shape}: {{ kind: openai_compatible, base_url: \"{scheme}://127.0.0.1:{port}/v1\", "
                          f"api_key: {{ env: BENCH_API_KEY }}, allow_private: true, "
                          f"max_idle_connections: {POOL}{tls_options} }}\n")
            targets += self.targets(shape)
            routes += self.route(shape)
        port = next(iter(self.ports.values()))
        config = self.write("fluxgate.yaml", FLUXGATE.format(port=port, admin=free_port(), dir=self.directory,
                                                             providers=providers, targets=targets, routes=routes))
        return [self.binary, "serve", "--config", config]

    def targets(self, shape):
        return f"  {shape}: {{ provider: {shape}, model: bench-model }}\n"

    def route(self, shape):
        return f"  - {{ name: {shape}, match: {{ model: bench-{shape} }}, targets: [{shape}] }}\n"


class FluxgateRouted(Fluxgate):
    """The same with a policy on: every request is read for its facts, and four targets are filtered, priced and balanced."""

    name = "routed"

    def targets(self, shape):
        return "".join(f"  {shape}-{n}: {{ provider: {shape}, model: bench-model, price: {{ input: 1, output: {n + 1} }}, "
                       f"quality: 0.8, context_window: {1_000_000 + n}, abilities: {{ vision: false }} }}\n" for n in range(4))

    def route(self, shape):
        names = ", ".join(f"{shape}-{n}" for n in range(4))
        return (f"  - {{ name: {shape}, match: {{ model: bench-{shape} }}, targets: [{names}], balance: p2c, "
                f"policy: {{ order_by: cost, near: 10 }} }}\n")


ALL = {kind.name: kind for kind in (Direct, Nginx, Haproxy, Fluxgate, FluxgateRouted)}
