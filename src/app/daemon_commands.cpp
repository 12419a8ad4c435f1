#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <iostream>

#include "application.hpp"
#include "commands.hpp"
#include "fluxgate/config/address.hpp"
#include "fluxgate/config/defaults.hpp"
#include "offline.hpp"

namespace fluxgate::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

// The status of GET `target` on a local plain-HTTP server; 0 if nobody answers in time.
unsigned get_status(const config::Address& address, const std::string& target, std::chrono::milliseconds timeout) {
  asio::io_context context;
  beast::tcp_stream stream(context);
  beast::error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  if (error) return 0;
  unsigned status = 0;
  beast::http::request<beast::http::empty_body> request(beast::http::verb::get, target, 11);
  request.set(beast::http::field::host, address.host);
  beast::http::response<beast::http::string_body> response;
  beast::flat_buffer buffer;
  stream.expires_after(timeout);
  stream.async_connect({ip, address.port}, [&](beast::error_code connect_error) {
    if (connect_error) return;
    beast::http::async_write(stream, request, [&](beast::error_code write_error, std::size_t) {
      if (write_error) return;
      beast::http::async_read(stream, buffer, response, [&](beast::error_code read_error, std::size_t) {
        if (!read_error) status = response.result_int();
      });
    });
  });
  context.run();
  return status;
}

// Ollama's own port and a cheap endpoint of it; refused at once where nothing listens.
bool ollama_answers() {
  return get_status({"127.0.0.1", 11434}, "/api/version", std::chrono::milliseconds(300)) == 200;
}

}  // namespace

int serve(const std::string& file, const std::string& listen, const std::string& admin) {
  const auto load = [file, listen, admin] {
    auto result = file.empty() ? config::default_config(config::process_env, ollama_answers()) : config::load_file(file);
    const auto override_address = [&](const std::string& text, config::Address& address, const char* option) {
      if (text.empty() || !result.config) return;
      if (auto parsed = config::parse_address(text)) {
        address = *parsed;
        return;
      }
      config::Diagnostic diagnostic;
      diagnostic.key = option;
      diagnostic.message = "not a host:port: " + text;
      result.diagnostics.push_back(diagnostic);
      result.config.reset();
    };
    if (result.config) override_address(listen, result.config->listen.address, "--listen");
    if (result.config) override_address(admin, result.config->admin.address, "--admin");
    return result;
  };
  config::LoadResult loaded = load();
  print(loaded.diagnostics);
  if (!loaded.config) return kFailed;
  try {
    Application application(std::move(*loaded.config), load);
    return application.run();
  } catch (const std::exception& error) {
    std::cerr << "fluxgate: " << error.what() << "\n";
    return kFailed;
  }
}

int check(const std::string& file) {
  const config::LoadResult loaded = config::load_file(file);
  print(loaded.diagnostics);
  if (!loaded.config) return kFailed;
  // What only making the objects can tell: whether certificates and keys load.
  if (const auto offline = Offline::make(*loaded.config); !offline) {
    std::cerr << file << ": error: " << offline.error().message << "\n";
    return kFailed;
  }
  if (loaded.config->listen.tls) {
    try {
      net::TlsContext::server(loaded.config->listen.tls->certificate, loaded.config->listen.tls->key);
    } catch (const std::runtime_error& error) {
      std::cerr << file << ": error: listen.tls: " << error.what() << "\n";
      return kFailed;
    }
  }
  std::cout << file << ": ok (" << loaded.config->providers.size() << " providers, " << loaded.config->targets.size()
            << " targets, " << loaded.config->routes.size() << " routes)\n";
  return kOk;
}

int healthcheck(std::string admin, const std::string& file) {
  if (!file.empty()) {
    const config::LoadResult loaded = config::load_file(file);
    if (!loaded.config) {
      print(loaded.diagnostics);
      return kFailed;
    }
    const config::Address& address = loaded.config->admin.address;
    const bool any = address.host == "0.0.0.0" || address.host == "::";
    admin = (any ? "127.0.0.1" : address.host) + ":" + std::to_string(address.port);
  }
  const auto address = config::parse_address(admin);
  if (!address) {
    std::cerr << "fluxgate: not a host:port: " << admin << "\n";
    return kUsage;
  }
  const unsigned status = get_status(*address, "/livez", std::chrono::seconds(3));
  if (status == 200) return kOk;
  std::cerr << "fluxgate: /livez on " << admin << (status == 0 ? " does not answer" : " answers " + std::to_string(status)) << "\n";
  return kFailed;
}

}  // namespace fluxgate::app
