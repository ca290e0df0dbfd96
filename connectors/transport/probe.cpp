#include "connectors/transport/probe.h"

#include <array>

#include <netdb.h>

#include "connectors/transport/connection.h"
#include "connectors/transport/lookup.h"

namespace sluice::transport {

namespace {

std::string text_of(const Address& address) {
  std::array<char, NI_MAXHOST> host{};
  getnameinfo(reinterpret_cast<const sockaddr*>(&address.bytes), address.size, host.data(), host.size(), nullptr, 0,
              NI_NUMERICHOST);
  return host.data();
}

std::string text_of(const std::vector<Address>& addresses) {
  std::string all;
  for (const Address& address : addresses) all += (all.empty() ? "" : ", ") + text_of(address);
  return all;
}

}  // namespace

std::vector<ProbeStep> probe(const std::string& host, int port, TlsContext* tls, const Patience& patience) {
  std::vector<ProbeStep> steps;
  Lookup::Found found = Lookup(host, port).find(patience);
  if (const auto* failure = std::get_if<Failure>(&found)) {
    steps.push_back({"name", false, failure->text + "; is it written right, and is a name server reachable?"});
    return steps;
  }
  const auto& addresses = std::get<std::vector<Address>>(found);
  steps.push_back({"name", true, host + " is " + text_of(addresses)});

  const std::string place = host + ":" + std::to_string(port);
  Connection::Opened opened = Connection::open(addresses, nullptr, place, patience);
  if (const auto* failure = std::get_if<Failure>(&opened)) {
    steps.push_back({"TCP", false, failure->text + "; does it run, is the port right, does a firewall stand between?"});
    return steps;
  }
  steps.push_back({"TCP", true, "port " + std::to_string(port) + " answers"});
  if (tls == nullptr) return steps;

  Connection& connection = *std::get<std::unique_ptr<Connection>>(opened);
  if (connection.shake_hands(*tls, patience)) {
    steps.push_back(
        {"TLS", true, "certificate of " + connection.certificate() + ", good for '" + tls->server_name() + "'"});
    return steps;
  }
  const Failure& failure = connection.failure();
  const bool unclear = failure.kind == Failure::Kind::network;
  steps.push_back({"TLS", false, failure.text + (unclear ? "; is this port one for TLS?" : "")});
  return steps;
}

}  // namespace sluice::transport
