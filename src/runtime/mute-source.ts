/**
 * C++ source of a small addon that keeps TensorFlow's start-up messages off the terminal. They are written while its
 * libraries load, before any log level is read, so only the file descriptor can catch them: `mute()` sends descriptor
 * 2 to an unnamed temporary file, `unmute()` puts it back and returns what was written meanwhile.
 */
export const MUTE_SOURCE = `#include <node_api.h>
#include <stdio.h>
#include <unistd.h>
#include <string>

namespace {

int saved = -1;
FILE *captured = nullptr;

napi_value Mute(napi_env, napi_callback_info) {
  if (saved >= 0) return nullptr;
  captured = tmpfile();
  if (captured == nullptr) return nullptr;
  fflush(stderr);
  saved = dup(2);
  if (saved < 0 || dup2(fileno(captured), 2) < 0) {
    if (saved >= 0) close(saved);
    saved = -1;
    fclose(captured);
    captured = nullptr;
  }
  return nullptr;
}

napi_value Unmute(napi_env env, napi_callback_info) {
  std::string text;
  if (saved >= 0) {
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    saved = -1;
    rewind(captured);
    char block[4096];
    size_t n;
    while ((n = fread(block, 1, sizeof block, captured)) > 0) text.append(block, n);
    fclose(captured);
    captured = nullptr;
  }
  napi_value result;
  if (napi_create_string_utf8(env, text.data(), text.size(), &result) != napi_ok) return nullptr;
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "mute", NAPI_AUTO_LENGTH, Mute, nullptr, &function);
  napi_set_named_property(env, exports, "mute", function);
  napi_create_function(env, "unmute", NAPI_AUTO_LENGTH, Unmute, nullptr, &function);
  napi_set_named_property(env, exports, "unmute", function);
  return exports;
}
`;
