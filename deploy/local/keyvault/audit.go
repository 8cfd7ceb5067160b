package keyvault

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// record is one AuditEvent, with the fields and the spelling of real ones: resultType is Success whatever happened, lists
// have no id, the vault's name is upper case in the resource id only.
func (c *call) record(status int) []byte {
	base := "https://" + c.s.options.Name + ".vault.azure.net"
	properties := map[string]any{
		"clientInfo": c.r.UserAgent(), "httpStatusCode": status, "requestUri": base + c.r.URL.RequestURI(), "tlsVersion": "TLS1_3",
	}
	if c.rbac {
		properties["isRbacAuthorized"] = status != http.StatusForbidden
	} else {
		properties["isAccessPolicyMatch"] = status != http.StatusForbidden
	}
	if !strings.HasPrefix(c.operation, "SecretList") {
		properties["id"] = base + strings.TrimSuffix(c.r.URL.Path, "/")
		if c.version != "" {
			properties["id"] = base + "/secrets/" + c.name + "/" + c.version
		}
	}
	out := map[string]any{
		"time": time.Now().UTC().Format("2006-01-02T15:04:05.0000000Z"), "category": "AuditEvent", "operationName": c.operation, "resultType": "Success",
		"correlationId": c.r.Header.Get("X-Ms-Client-Request-Id"), "callerIpAddress": c.address(), "resourceId": strings.ToUpper(c.s.options.ResourceID),
		"operationVersion": c.r.URL.Query().Get("api-version"), "resultSignature": signature(status), "durationMs": strconv.FormatInt(time.Since(c.began).Milliseconds(), 10),
		"identity":   map[string]any{"claim": map[string]string{"oid": c.claims.Object, "appid": c.claims.AppID, "appidacr": "2", "idtyp": "app"}},
		"properties": properties,
	}
	if status >= http.StatusBadRequest {
		out["resultDescription"] = c.refusal
	}
	b, _ := json.Marshal(out) // maps of text and numbers
	return b
}

func signature(status int) string {
	if status == http.StatusOK {
		return "OK"
	}
	return strings.ReplaceAll(http.StatusText(status), " ", "")
}
