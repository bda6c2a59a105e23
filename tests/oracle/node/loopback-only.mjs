// Refuses every connection but those to this machine.
import net from "node:net";

const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...arguments_) {
  const [options] = Array.isArray(arguments_[0]) ? arguments_[0] : arguments_;
  const host = options?.host ?? options?.hostname;
  if (typeof options !== "object" || !["127.0.0.1", "::1", "localhost"].includes(host)) {
    throw new Error(`a test tried to reach ${host}`);
  }
  return connect.apply(this, arguments_);
};
