
-- Access tokens, where the stack takes them: whose they are, before everything above.
ERRORS["no_token"] = {"invalid_request_error", "invalid_token", "No token: send `Authorization: Bearer TOKEN` with an access token."}
ERRORS["bad_token"] = {"invalid_request_error", "invalid_token", "The token is refused: %s."}
ERRORS["no_tenant"] = {"invalid_request_error", "no_tenant", "The token is good, but none of its groups, roles and applications belongs to a tenant of this gateway."}
ERRORS["no_groups"] = {"invalid_request_error", "groups_overage", "The token names no groups, since there are more than fit into it (`_claim_names`): have only groups written that are assigned to the application, or use an app role."}

-- What Envoy says of a token, as whoever asked for it can act on it.
local REASONS = {
  ["Jwt issuer is not configured"] = "its issuer is another one than this directory in version 2.0; tokens of version 1.0 need requestedAccessTokenVersion 2 in the app registration",
  ["Audiences in Jwt are not allowed"] = "it is made out to another application",
  ["Jwks remote fetch is failed"] = "the keys to check it with can't be fetched now",
}

local function tenant_of(context, claims)
  local found = nil
  for _, claim in ipairs({"groups", "roles", "azp"}) do
    local values = claims[claim]
    for _, value in ipairs(type(values) == "table" and values or {values}) do
      local identity = context:get(claim .. ":" .. tostring(value))
      -- Of several tenants the first of the stack file.
      if identity ~= nil and (found == nil or identity.place < found.place) then
        found = identity
      end
    end
  end
  return found and found.tenant
end

local function refuse_token(handle, status, reason)
  handle:respond({[":status"] = status, ["content-type"] = "application/json"}, body_of(reason))
end

local with_keys_on_request, with_keys_on_response = envoy_on_request, envoy_on_response

function envoy_on_request(handle)
  local checked = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.jwt_authn")
  local claims = checked and checked[PROVIDER]
  if claims == nil then
    return with_keys_on_request(handle)
  end
  if claims.azp == nil then
    -- Access tokens of version 2.0 name the application; ID tokens, which are no proof to others, don't.
    return handle:respond({[":status"] = "401", ["content-type"] = "application/json"},
      string.format(body_of("bad_token"), "it is no access token"))
  end
  local tenant = tenant_of(handle:filterContext(), claims)
  if tenant == nil then
    local left_out = claims["_claim_names"] ~= nil or claims["hasgroups"] ~= nil
    return refuse_token(handle, "403", left_out and "no_groups" or "no_tenant")
  end
  local headers = handle:headers()
  headers:replace(CLIENT_HEADER, tenant)
  -- Neither models nor what judges requests see the token.
  headers:remove("authorization")
  -- Envoy chooses the route again, since headers have changed: whose request it is decides it, too.
  headers:replace(SIGNED_IN_HEADER, PROVIDER)
  return with_keys_on_request(handle)
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local challenge = headers:get("www-authenticate") or ""
  local kind = headers:get("content-type") or ""
  -- Envoy's own refusal of a token.
  if not string.find(challenge, "^Bearer realm=") or not string.find(kind, "^text/plain") then
    return with_keys_on_response(handle)
  end
  -- For another audience Envoy says 403, and names the whole address, with the query.
  headers:replace(":status", "401")
  headers:replace("content-type", "application/json")
  headers:replace("www-authenticate", string.find(challenge, "error=") and 'Bearer error="invalid_token"' or "Bearer")
  local body = handle:body(true)
  local said = body:getBytes(0, body:length())
  if said == "Jwt is missing" then
    body:setBytes(body_of("no_token"))
  else
    local reason = REASONS[said] or string.gsub(said, "[^%w ,.']", "")
    body:setBytes(string.format(body_of("bad_token"), reason))
  end
end
