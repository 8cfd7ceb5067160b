package keyvault

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/entra"
)

// RoleSecrets is what a caller's token must hold where the vault goes by tokens.
const RoleSecrets = "Key Vault Secrets Officer"

// call is one request for secrets on its way through.
type call struct {
	s         *Server
	w         http.ResponseWriter
	r         *http.Request
	claims    entra.Claims
	began     time.Time
	operation string // as logged, like SecretGet
	name      string
	version   string
	rbac      bool
	status    int
	refusal   string
}

// secretVersions are the versions of the data plane.
var secretVersions = []string{"7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"}

var secretName = regexp.MustCompile(`^[0-9a-zA-Z-]{1,127}$`)

// step is one operation of the data plane: how it is logged, which right it needs, and what it does.
type step struct {
	operation  string
	permission string // of access policies
	action     string // data action, after Microsoft.KeyVault/vaults/secrets/
	do         func(*call)
}

// steps finds the operation by its method and shape, where n is the name of a secret and v a version.
var steps = map[string]step{
	"GET secrets":                   {"SecretList", "list", "readMetadata/action", (*call).list},
	"GET secrets/n/versions":        {"SecretListVersions", "list", "readMetadata/action", (*call).listVersions},
	"GET secrets/n":                 {"SecretGet", "get", "getSecret/action", (*call).get},
	"GET secrets/n/v":               {"SecretGet", "get", "getSecret/action", (*call).get},
	"PUT secrets/n":                 {"SecretSet", "set", "setSecret/action", (*call).set},
	"PATCH secrets/n":               {"SecretUpdate", "set", "update/action", (*call).update},
	"PATCH secrets/n/v":             {"SecretUpdate", "set", "update/action", (*call).update},
	"DELETE secrets/n":              {"SecretDelete", "delete", "delete", (*call).remove},
	"POST secrets/n/backup":         {"SecretBackup", "backup", "backup/action", (*call).backup},
	"POST secrets/restore":          {"SecretRestore", "restore", "restore/action", (*call).restore},
	"GET deletedsecrets":            {"SecretListDeleted", "list", "readMetadata/action", (*call).listDeleted},
	"GET deletedsecrets/n":          {"SecretGetDeleted", "get", "readMetadata/action", (*call).getDeleted},
	"DELETE deletedsecrets/n":       {"SecretPurge", "purge", "purge/action", (*call).purge},
	"POST deletedsecrets/n/recover": {"SecretRecover", "recover", "recover/action", (*call).recover},
}

// shape turns a path into a key of steps.
func shape(method string, parts []string) (key, name, version string) {
	verb := func(s string) bool {
		return slices.Contains([]string{"versions", "backup", "restore", "recover"}, s)
	}
	key = method + " " + parts[0]
	for i, p := range parts[1:] {
		switch {
		case verb(p) && (i > 0 || method == http.MethodPost):
			key += "/" + p
		case i == 0:
			key, name = key+"/n", p
		default:
			key, version = key+"/v", p
		}
	}
	return key, name, version
}

// serveSecrets answers one request for secrets, with the lock held.
func (s *Server) serveSecrets(w http.ResponseWriter, r *http.Request, claims entra.Claims, parts []string) {
	key, name, version := shape(r.Method, parts)
	step, ok := steps[key]
	if !ok {
		fail(w, http.StatusNotFound, "NotFound", "The local vault has no "+r.Method+" "+r.URL.Path)
		return
	}
	c := &call{s: s, w: w, r: r, claims: claims, began: time.Now(), operation: step.operation, name: name, version: version}
	switch {
	case !slices.Contains(secretVersions, r.URL.Query().Get("api-version")):
		c.fail(http.StatusBadRequest, "BadParameter", "", "The specified version ("+r.URL.Query().Get("api-version")+") is not recognized.")
	case name != "" && !secretName.MatchString(name):
		c.fail(http.StatusBadRequest, "BadParameter", "", "The request URI contains an invalid name: "+name)
	case c.allowed(step):
		step.do(c)
	}
	if s.options.Log != nil {
		s.options.Log(c.record(c.status))
	}
}

func (c *call) address() string {
	host, _, err := net.SplitHostPort(c.r.RemoteAddr)
	if err != nil {
		return c.r.RemoteAddr
	}
	return host
}

// caller is how refusals name the caller.
func (c *call) caller() string {
	return fmt.Sprintf("appid=%s;oid=%s;iss=https://sts.windows.net/%s/", c.claims.AppID, c.claims.Object, c.claims.Tenant)
}

// allowed asks for the caller's rights, or refuses in the words of the service.
func (c *call) allowed(st step) bool {
	action := "Microsoft.KeyVault/vaults/secrets/" + st.action
	if c.s.options.Rights == nil {
		if slices.Contains(c.claims.Roles, RoleSecrets) {
			return true
		}
		c.rbac = true
		c.forbidden(action)
		return false
	}
	ask := arm.Ask{Vault: c.s.options.ResourceID, OID: c.claims.Object, Address: c.address(), Kind: "secrets", Permission: st.permission, Action: action}
	if c.name != "" {
		ask.Object = "secrets/" + c.name
	}
	got := c.s.options.Rights(ask)
	c.rbac = got.RBAC
	switch {
	case got.Firewall:
		c.fail(http.StatusForbidden, "Forbidden", "ForbiddenByFirewall", "Client address is not authorized and caller is not a trusted service.\r\nClient address: "+c.address()+"\r\nCaller: "+c.caller()+"\r\nVault: "+c.s.options.Name+";location=westeurope")
	case got.Allowed:
		return true
	case got.RBAC:
		c.forbidden(action)
	default:
		c.fail(http.StatusForbidden, "Forbidden", "AccessDenied", "The user, group or application '"+c.caller()+"' does not have secrets "+st.permission+" permission on key vault '"+c.s.options.Name+";location=westeurope'.")
	}
	return false
}

func (c *call) forbidden(action string) {
	c.fail(http.StatusForbidden, "Forbidden", "ForbiddenByRbac", "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\nCaller: "+c.caller()+"\r\nAction: '"+action+"'\r\nResource: '"+c.s.options.ResourceID+"'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\nVault: "+c.s.options.Name+";location=westeurope")
}

func (c *call) fail(status int, code, inner, message string) {
	c.status, c.refusal = status, message
	e := map[string]any{"code": code, "message": message}
	if inner != "" {
		e["innererror"] = map[string]string{"code": inner}
	}
	answer(c.w, status, map[string]any{"error": e})
}

func (c *call) ok(body any) {
	c.status = http.StatusOK
	answer(c.w, http.StatusOK, body)
}

// saved saves, or answers.
func (c *call) saved() bool {
	if err := c.s.saveSecrets(); err != nil {
		c.fail(http.StatusInternalServerError, "InternalError", "", "The vault could not be written.")
		return false
	}
	return true
}

func (c *call) notFound() {
	c.fail(http.StatusNotFound, "SecretNotFound", "", "A secret with (name/id) "+c.name+" was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command.")
}

// find returns a secret that is there and not deleted, and the version asked for or the newest one, or answers.
func (c *call) find() (*secret, *version) {
	sec := c.s.secrets[c.name]
	if sec == nil || !sec.Deleted.IsZero() {
		c.notFound()
		return nil, nil
	}
	if c.version == "" {
		v := sec.Versions[len(sec.Versions)-1]
		c.version = v.ID
		return sec, v
	}
	for _, v := range sec.Versions {
		if v.ID == c.version {
			return sec, v
		}
	}
	c.notFound()
	return nil, nil
}

// show is a version as the service shows it. Times are Unix seconds.
func (c *call) show(name string, sec *secret, v *version, withVersion bool) map[string]any {
	base := "https://" + c.r.Host
	attributes := map[string]any{
		"enabled": !v.Disabled, "created": v.Created.Unix(), "updated": v.Updated.Unix(), "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90,
	}
	if v.NotBefore != nil {
		attributes["nbf"] = *v.NotBefore
	}
	if v.Expires != nil {
		attributes["exp"] = *v.Expires
	}
	out := map[string]any{"id": base + "/secrets/" + name, "attributes": attributes}
	if withVersion {
		out["id"] = base + "/secrets/" + name + "/" + v.ID
	}
	if len(v.Tags) > 0 {
		out["tags"] = v.Tags
	}
	if v.ContentType != "" {
		out["contentType"] = v.ContentType
	}
	if sec.Managed {
		out["managed"] = true
		if withVersion {
			out["kid"] = base + "/keys/" + name + "/" + v.ID
		}
	}
	return out
}

// pageLimit is the largest page of a list.
const pageLimit = 25

// page answers a part of a list and where the next one is.
func (c *call) page(items []map[string]any) {
	q := c.r.URL.Query()
	size, err := strconv.Atoi(q.Get("maxresults"))
	if q.Get("maxresults") != "" && (err != nil || size < 1 || size > pageLimit) {
		c.fail(http.StatusBadRequest, "BadParameter", "", "maxresults must be from 1 to 25.")
		return
	}
	if size == 0 {
		size = pageLimit
	}
	from, _ := strconv.Atoi(q.Get("$skiptoken")) // none is the start
	from = min(max(0, from), len(items))
	to := min(from+size, len(items))
	out := map[string]any{"value": items[from:to], "nextLink": nil}
	if to < len(items) {
		q.Set("$skiptoken", strconv.Itoa(to))
		out["nextLink"] = "https://" + c.r.Host + c.r.URL.Path + "?" + q.Encode()
	}
	c.ok(out)
}

func (c *call) decode(into any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, 1<<20)).Decode(into); err != nil {
		c.fail(http.StatusBadRequest, "BadParameter", "", "The body is no JSON.")
		return false
	}
	return true
}
