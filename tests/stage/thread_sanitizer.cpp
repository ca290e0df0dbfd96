/// What ThreadSanitizer finds in libmosquitto 2.0.11 itself: when the broker sends DISCONNECT, the library unlocks a
/// mutex that it has not locked (do_client_disconnect). The client is not used after that, and glibc lets it pass.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "mutex:libmosquitto.so\n";
}
