-- Errors as OpenAI answers them, by the status that Envoy gave; others are those of the whole hundred.
local ERRORS = {
  ["401"] = {"invalid_request_error", "invalid_api_key", "No valid API key: send `Authorization: Bearer KEY`."},
  ["403"] = {"invalid_request_error", "not_served", "This path or method is not served."},
  ["404"] = {"invalid_request_error", "model_not_found", "The model does not exist, or you do not have access to it."},
  ["408"] = {"invalid_request_error", "request_timeout", "The request took too long to arrive."},
  ["413"] = {"invalid_request_error", "request_too_large", "The request is larger than the gateway takes."},
  ["429"] = {"rate_limit_error", "rate_limit_exceeded", "The limit of requests or tokens is reached: see `retry-after`."},
  ["4"] = {"invalid_request_error", "bad_request", "The request can't be read."},
  ["5"] = {"server_error", "server_error", "The model can't answer now: send the request again."},
}

local function body_of(status)
  local kind = ERRORS[status] or ERRORS[string.sub(status, 1, 1)]
  return string.format('{"error":{"message":"%s","type":"%s","param":null,"code":"%s"}}', kind[3], kind[1], kind[2])
end

local function refuse(handle, status)
  handle:respond({[":status"] = status, ["content-type"] = "application/json"}, body_of(status))
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local name = string.gsub(headers:get(CLIENT_HEADER) or "", "%.%d+$", "")
  local tenant = handle:filterContext():get(name)
  if tenant == nil then
    -- The keys are changed before this script, and a key that it doesn't know opens nothing.
    return refuse(handle, "401")
  end
  headers:replace(TENANT_HEADER, name)
  local metadata = handle:streamInfo():dynamicMetadata()
  -- Where Envoy Gateway tries this script, a tenant is a text.
  for counter, most in pairs(tenant.limits or {}) do
    headers:replace(COUNTED_HEADERS .. counter, "1")
    -- A counter's name ends with its window, as the service calls it but for the case (ratelimit v3 `RateLimitUnit`).
    local unit = string.upper(string.match(counter, "%a+$"))
    metadata:set(LIMITS, counter, {requests_per_unit = most, unit = unit})
  end
  local path = string.gsub(headers:get(":path") or "", "%?.*$", "")
  if path == "/v1/models" then
    if headers:get(":method") ~= "GET" then
      return refuse(handle, "403")
    end
    -- The route of this path alone has lists.
    local list = handle:filterContext():get(tenant.models or "")
    if list ~= nil then
      handle:respond({[":status"] = "200", ["content-type"] = "application/json"}, list)
    end
  end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local status = headers:get(":status") or ""
  if not string.find(status, "^[45]") then
    return
  end
  if status == "429" and headers:get("retry-after") == nil then
    -- Seconds until the window that is used up ends; a proxy's own limit comes back evenly within a minute.
    headers:replace("retry-after", headers:get("x-ratelimit-reset") or "1")
  end
  -- The model's own errors have their form already; Envoy's have no type, or are plain text.
  local kind = headers:get("content-type")
  if kind ~= nil and not string.find(kind, "^text/plain") then
    return
  end
  -- Before the body: waiting for it ends what `headers` may be used for.
  headers:replace("content-type", "application/json")
  handle:body(true):setBytes(body_of(status))
end
