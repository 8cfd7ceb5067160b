package graph_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"rekey/deploy/local/graph"
)

const (
	read   = "Application.Read.All"
	write  = "Application.ReadWrite.All"
	access = "Policy.Read.All Policy.ReadWrite.ConditionalAccess Application.Read.All"
	risk   = "IdentityRiskyServicePrincipal.ReadWrite.All"
	roles  = "AppRoleAssignment.ReadWrite.All Application.Read.All"
	grants = "DelegatedPermissionGrant.ReadWrite.All"
)

// refused is one refusal: who asks for what, and the answer.
type refused struct {
	as, method, path, body string
	status                 int
	code                   string
	options                graph.Options // Pace 0 is taken as none
	before                 []string      // paths that are read first
}

// echo is a PATCH of the certificate on "obj" as it was read, with one change "from=>to".
func echo(change string) string {
	item := fmt.Sprintf(`{"keyId":"k1","type":"AsymmetricX509Cert","usage":"Verify","displayName":"CN=old","customKeyIdentifier":"AQ==","key":null,"startDateTime":%q,"endDateTime":%q}`, then.Format(time.RFC3339), end.Format(time.RFC3339))
	old, with, _ := strings.Cut(change, "=>")
	return `{"keyCredentials":[` + strings.Replace(item, old, with, 1) + `]}`
}

// fresh is a PATCH that brings a new certificate of a usage.
func fresh(t *testing.T, usage string, until time.Time) string {
	t.Helper()
	der, _ := certificate(t)
	return fmt.Sprintf(`{"keyCredentials":[{"keyId":"new","type":"AsymmetricX509Cert","usage":%q,"key":%q,"startDateTime":%q,"endDateTime":%q}]}`, usage, base64.StdEncoding.EncodeToString(der), then.Format(time.RFC3339), until.Format(time.RFC3339))
}

// proof is a proof of possession, changed as asked.
func (s *service) proof(change func(*jwt.RegisteredClaims)) string {
	s.t.Helper()
	now := time.Now()
	claims := jwt.RegisteredClaims{
		Audience: jwt.ClaimStrings{"00000002-0000-0000-c000-000000000000"}, Issuer: "obj", NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(10 * time.Minute)),
	}
	change(&claims)
	text, err := jwt.NewWithClaims(jwt.SigningMethodES256, claims).SignedString(s.key)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

func (s *service) addKey(proof string) string {
	der, _ := certificate(s.t)
	return fmt.Sprintf(`{"keyCredential":{"type":"AsymmetricX509Cert","usage":"Verify","key":%q},"passwordCredential":null,"proof":%q}`, base64.StdEncoding.EncodeToString(der), proof)
}

// policy is a Conditional Access policy about a service principal with a grant control.
func policy(include, control string) string {
	return fmt.Sprintf(`{"displayName":"p","state":"enabledForReportingButNotEnforced","conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]},
		"users":{"includeUsers":["None"]},"clientApplications":{"includeServicePrincipals":[%q]},"servicePrincipalRiskLevels":["high"]},"grantControls":{"operator":"OR","builtInControls":[%q]}}`, include, control)
}

func refusals(t *testing.T, s *service) map[string]refused {
	t.Helper()
	plain := func(*jwt.RegisteredClaims) {}
	owner := func(id string) string {
		return `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/` + id + `"}`
	}
	many, err := json.Marshal(map[string]any{"servicePrincipalIds": slices.Repeat([]string{"sp"}, 61)})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]refused{
		"R01: a token of another audience":                                 {as: "-", method: "GET", path: "/applications/obj", status: 401, code: "InvalidAuthenticationToken"},
		"R02: a call without its permission":                               {as: read, method: "PATCH", path: "/servicePrincipals/sp", body: `{"accountEnabled":false}`, status: 403, code: "Authorization_RequestDenied"},
		"R03: a change of what is not owned":                               {as: "Application.ReadWrite.OwnedBy", method: "PATCH", path: "/servicePrincipals/sp", body: `{"accountEnabled":false}`, status: 403, code: "Authorization_RequestDenied"},
		"R04: an object that is not there":                                 {as: read, method: "GET", path: "/applications/none", status: 404, code: "Request_ResourceNotFound"},
		"R05: an application id that is not there":                         {as: read, method: "GET", path: "/applications(appId='none')", status: 404, code: "Request_ResourceNotFound"},
		"R06: a $select of a property that the type has not":               {as: read, method: "GET", path: "/servicePrincipals/sp?$select=id,createdDateTime", status: 400, code: "BadRequest"},
		"R07: an advanced $filter without ConsistencyLevel":                {as: read, method: "GET", path: "/servicePrincipals?$filter=" + url.QueryEscape("appId ne 'app'"), status: 400, code: "Request_UnsupportedQuery"},
		"R08: a page of more than 999":                                     {as: read, method: "GET", path: "/applications?$top=1000", status: 400, code: "Request_BadRequest"},
		"R09: a PATCH of nothing":                                          {as: write, method: "PATCH", path: "/applications/obj", body: `{}`, status: 400, code: "Request_BadRequest"},
		"R10: passwords in a PATCH":                                        {as: write, method: "PATCH", path: "/applications/obj", body: `{"passwordCredentials":[]}`, status: 400, code: "Request_BadRequest"},
		"R11: null for the list of keys":                                   {as: write, method: "PATCH", path: "/applications/obj", body: `{"keyCredentials":null}`, status: 400, code: "Request_BadRequest"},
		"R12: an echo that lost or changed a field":                        {as: write, method: "PATCH", path: "/applications/obj", body: echo(`"displayName":"CN=old",=>`), status: 400, code: "KeyNotUpdatable"},
		"R13: a present key id with another certificate":                   {as: write, method: "PATCH", path: "/applications/obj", body: strings.Replace(fresh(t, "Verify", end), `"new"`, `"k1"`, 1), status: 400, code: "KeyNotUpdatable"},
		"R14: an unknown key id without a key":                             {as: write, method: "PATCH", path: "/applications/obj", body: echo(`"k1"=>"k9"`), status: 400, code: "Request_BadRequest"},
		"R15: a key without its usage":                                     {as: write, method: "PATCH", path: "/applications/obj", body: strings.Replace(fresh(t, "Verify", end), `"usage":"Verify",`, "", 1), status: 400, code: "Request_BadRequest"},
		"R16: a certificate that outlives itself":                          {as: write, method: "PATCH", path: "/applications/obj", body: fresh(t, "Verify", end.AddDate(1, 0, 0)), status: 400, code: "Request_BadRequest"},
		"R17: accountEnabled of an application, which has none":            {as: write, method: "PATCH", path: "/applications/obj", body: `{"accountEnabled":true}`, status: 400, code: "Request_BadRequest"},
		"R18: certificates of a locked principal":                          {as: write, method: "PATCH", path: "/servicePrincipals/locked", body: `{"keyCredentials":[]}`, status: 400, code: "CannotUpdateLockedServicePrincipalProperty"},
		"R19: a secret of a locked principal":                              {as: write, method: "POST", path: "/servicePrincipals/locked/removePassword", body: `{"keyId":"p1"}`, status: 400, code: "CannotUpdateLockedServicePrincipalProperty"},
		"R20: signing keys where those alone are locked":                   {as: write, method: "PATCH", path: "/servicePrincipals/locksp", body: `{"keyCredentials":[]}`, status: 400, code: "CannotUpdateLockedServicePrincipalProperty"},
		"R21: a locked token encryption key":                               {as: write, method: "PATCH", path: "/servicePrincipals/locksp", body: `{"tokenEncryptionKeyId":null}`, status: 400, code: "CannotUpdateLockedServicePrincipalProperty"},
		"R22: a certificate that lives longer than the policy":             {as: write, method: "PATCH", path: "/applications/strict", body: fresh(t, "Verify", end), status: 400, code: "CredentialInvalidLifetimeAsPerAppPolicy"},
		"R23: a secret that lives longer than the policy":                  {as: write, method: "POST", path: "/applications/strict/addPassword", body: `{}`, status: 400, code: "CredentialInvalidLifetimeAsPerAppPolicy"},
		"R24: a secret where the policy wants none":                        {as: write, method: "POST", path: "/applications/obj/addPassword", body: `{}`, status: 400, code: "CredentialTypeNotAllowedAsPerAppPolicy"},
		"R25: a secret that is not there":                                  {as: write, method: "POST", path: "/applications/obj/removePassword", body: `{"keyId":"none"}`, status: 400, code: "Request_BadRequest"},
		"R26: a key by proof without a proof":                              {as: write, method: "POST", path: "/applications/obj/addKey", body: `{}`, status: 401, code: "Authentication_MissingOrMalformed"},
		"R27: a proof that is padded":                                      {as: write, method: "POST", path: "/applications/obj/addKey", body: s.addKey(s.proof(plain) + "="), status: 401, code: "Authentication_MissingOrMalformed"},
		"R28: a proof made out by the appId":                               {as: write, method: "POST", path: "/applications/obj/addKey", body: s.addKey(s.proof(func(c *jwt.RegisteredClaims) { c.Issuer = "app" })), status: 401, code: "Authentication_MissingOrMalformed"},
		"R29: a proof that lives longer than ten minutes":                  {as: write, method: "POST", path: "/applications/obj/addKey", body: s.addKey(s.proof(func(c *jwt.RegisteredClaims) { c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(time.Hour)) })), status: 401, code: "Authentication_MissingOrMalformed"},
		"R30: a proof where no certificate is valid":                       {as: write, method: "POST", path: "/applications/stale/addKey", body: s.addKey(s.proof(func(c *jwt.RegisteredClaims) { c.Issuer = "stale" })), status: 401, code: "Authentication_MissingOrMalformed"},
		"R31: certificates of a managed identity":                          {as: write, method: "PATCH", path: "/servicePrincipals/mi", body: `{"keyCredentials":[]}`, status: 403, code: "Authorization_RequestDenied"},
		"R32: a secret for a managed identity":                             {as: write, method: "POST", path: "/servicePrincipals/mi/addPassword", body: `{}`, status: 403, code: "Authorization_RequestDenied"},
		"R33: an owner for a managed identity":                             {as: write + " Directory.Read.All", method: "POST", path: "/servicePrincipals/mi/owners/$ref", body: owner("bob"), status: 403, code: "Authorization_RequestDenied"},
		"R34: deleting a managed identity":                                 {as: write, method: "DELETE", path: "/servicePrincipals/mi", status: 403, code: "Authorization_RequestDenied"},
		"R35: a credential for an agent identity":                          {as: write, method: "POST", path: "/servicePrincipals/agent/addPassword", body: `{}`, status: 400, code: "Request_BadRequest"},
		"R36: a federated credential that is not there":                    {as: write, method: "DELETE", path: "/applications/obj/federatedIdentityCredentials/none", status: 404, code: "Request_ResourceNotFound"},
		"R37: a federated credential of a name that is there":              {as: write, method: "POST", path: "/applications/obj/federatedIdentityCredentials", body: `{"name":"ci","issuer":"j","subject":"t","audiences":["a"]}`, status: 409, code: "Request_MultipleObjectsWithSameKeyValue"},
		"R38: a federated credential of the same subject":                  {as: write, method: "POST", path: "/applications/obj/federatedIdentityCredentials", body: `{"name":"cd","issuer":"i","subject":"s","audiences":["a"]}`, status: 400, code: "Request_BadRequest"},
		"R39: more than 20 federated credentials":                          {as: write, method: "POST", path: "/applications/full/federatedIdentityCredentials", body: `{"name":"ci","issuer":"i","subject":"s","audiences":["a"]}`, status: 400, code: "Request_BadRequest"},
		"R40: an owner who is one already":                                 {as: write + " Directory.Read.All", method: "POST", path: "/applications/obj/owners/$ref", body: owner("alice"), status: 400, code: "Request_BadRequest"},
		"R41: an owner who is none":                                        {as: write, method: "DELETE", path: "/applications/obj/owners/bob/$ref", status: 404, code: "Request_ResourceNotFound"},
		"R42: an owner without /$ref":                                      {as: write, method: "DELETE", path: "/applications/obj/owners/alice", status: 403, code: "Authorization_RequestDenied"},
		"R43: a group as an owner":                                         {as: write + " Directory.Read.All", method: "POST", path: "/applications/obj/owners/$ref", body: owner("plain"), status: 400, code: "Request_BadRequest"},
		"R44: an app role that is assigned already":                        {as: roles, method: "POST", path: "/servicePrincipals/sp/appRoleAssignments", body: `{"principalId":"sp","resourceId":"res","appRoleId":"role"}`, status: 400, code: "Request_BadRequest"},
		"R45: an app role assignment that is not there":                    {as: roles, method: "DELETE", path: "/servicePrincipals/res/appRoleAssignedTo/none", status: 404, code: "Request_ResourceNotFound"},
		"R46: a delegated grant that is there already":                     {as: grants, method: "POST", path: "/oauth2PermissionGrants", body: `{"clientId":"sp","consentType":"AllPrincipals","resourceId":"res","scope":"x"}`, status: 409, code: "Request_MultipleObjectsWithSameKeyValue"},
		"R47: a delegated grant that is not there":                         {as: grants, method: "DELETE", path: "/oauth2PermissionGrants/none", status: 404, code: "Request_ResourceNotFound"},
		"R48: scopes of more than 3850 characters":                         {as: grants, method: "PATCH", path: "/oauth2PermissionGrants/g", body: `{"scope":"` + strings.Repeat("x", 3851) + `"}`, status: 400, code: "Request_BadRequest"},
		"R49: a member of a group that carries roles":                      {as: "GroupMember.ReadWrite.All", method: "DELETE", path: "/groups/powerful/members/sp/$ref", status: 403, code: "Authorization_RequestDenied"},
		"R50: a member of a group with a rule":                             {as: "GroupMember.ReadWrite.All", method: "DELETE", path: "/groups/ruled/members/sp/$ref", status: 400, code: "Request_BadRequest"},
		"R51: a member without /$ref":                                      {as: "GroupMember.ReadWrite.All", method: "DELETE", path: "/groups/plain/members/sp", status: 403, code: "Authorization_RequestDenied"},
		"R52: restoring without a directory role":                          {as: write, method: "POST", path: "/directory/deletedItems/gone/restore", status: 403, code: "Authorization_RequestDenied"},
		"R53: restoring what was not deleted":                              {as: write + " @admin", method: "POST", path: "/directory/deletedItems/obj/restore", status: 404, code: "Request_ResourceNotFound"},
		"R54: too many reads of certificates in a minute":                  {as: read, method: "GET", path: "/applications/obj?$select=keyCredentials", status: 429, code: "TooManyRequests", options: graph.Options{KeyReads: 1}, before: []string{"/applications/obj?$select=keyCredentials"}},
		"R55: identity protection twice in a second":                       {as: risk, method: "GET", path: "/identityProtection/riskyServicePrincipals", status: 429, code: "TooManyRequests", options: graph.Options{Pace: time.Minute}, before: []string{"/identityProtection/riskyServicePrincipals"}},
		"R56: Conditional Access twice in a second":                        {as: access, method: "GET", path: "/identity/conditionalAccess/policies", status: 429, code: "TooManyRequests", options: graph.Options{Pace: time.Minute}, before: []string{"/identity/conditionalAccess/policies"}},
		"R57: more than 60 principals dismissed at once":                   {as: risk, method: "POST", path: "/identityProtection/riskyServicePrincipals/dismiss", body: string(many), status: 400, code: "BadRequest"},
		"R58: a risk of a principal that is not there":                     {as: risk, method: "POST", path: "/identityProtection/riskyServicePrincipals/confirmCompromised", body: `{"servicePrincipalIds":["none"]}`, status: 404, code: "Request_ResourceNotFound"},
		"R59: identity protection without its licence":                     {as: risk, method: "GET", path: "/identityProtection/riskyServicePrincipals", status: 403, code: "Forbidden", options: graph.Options{Unlicensed: true}},
		"R60: Conditional Access without one of its permissions":           {as: "Policy.Read.All Policy.ReadWrite.ConditionalAccess", method: "POST", path: "/identity/conditionalAccess/policies", body: policy("sp", "block"), status: 403, code: "AccessDenied"},
		"R61: a policy for principals without the licence":                 {as: access, method: "POST", path: "/identity/conditionalAccess/policies", body: policy("sp", "block"), status: 403, code: "AccessDenied", options: graph.Options{Unlicensed: true}},
		"R62: a policy for a managed identity":                             {as: access, method: "POST", path: "/identity/conditionalAccess/policies", body: policy("mi", "block"), status: 400, code: "BadRequest"},
		"R63: a policy for a multi-tenant application":                     {as: access, method: "POST", path: "/identity/conditionalAccess/policies", body: policy("multisp", "block"), status: 400, code: "BadRequest"},
		"R64: a policy for an application of another tenant":               {as: access, method: "POST", path: "/identity/conditionalAccess/policies", body: policy("locked", "block"), status: 400, code: "BadRequest"},
		"R65: a policy for principals that does not block":                 {as: access, method: "POST", path: "/identity/conditionalAccess/policies", body: policy("sp", "mfa"), status: 400, code: "BadRequest"},
		"R66: a policy for nobody":                                         {as: access, method: "POST", path: "/identity/conditionalAccess/policies", body: `{"displayName":"p","state":"enabled","conditions":{"applications":{"includeApplications":["All"]}}}`, status: 400, code: "BadRequest"},
		"R67: a policy for a risk level that is none":                      {as: access, method: "POST", path: "/identity/conditionalAccess/policies", body: strings.Replace(policy("sp", "block"), `"high"`, `"hidden"`, 1), status: 400, code: "BadRequest"},
		"R70: a policy that excludes who is not there":                     {as: access, method: "POST", path: "/identity/conditionalAccess/policies", body: strings.Replace(policy("sp", "block"), `"clientApplications":{`, `"clientApplications":{"excludeServicePrincipals":["none"],`, 1), status: 400, code: "BadRequest"},
		"R71: an app role that the resource does not offer":                {as: roles, method: "POST", path: "/servicePrincipals/sp/appRoleAssignments", body: `{"principalId":"sp","resourceId":"res","appRoleId":"none"}`, status: 400, code: "Request_BadRequest"},
		"R72: an identifier URI of another application":                    {as: write, method: "PATCH", path: "/applications/obj", body: `{"identifierUris":["api://multiapp"]}`, status: 400, code: "Request_BadRequest"},
		"R73: an identifier URI that names neither application nor tenant": {as: write, method: "PATCH", path: "/applications/obj", body: `{"identifierUris":["api://rekey"]}`, status: 400, code: "Request_BadRequest"},
		"R74: a service principal of an application that has one":          {as: write, method: "POST", path: "/servicePrincipals", body: `{"appId":"app"}`, status: 409, code: "Request_MultipleObjectsWithSameKeyValue"},
		"R75: a service principal of no application":                       {as: write, method: "POST", path: "/servicePrincipals", body: `{"appId":"nothing"}`, status: 400, code: "Request_BadRequest"},
		"R76: removing an enabled app role":                                {as: write, method: "PATCH", path: "/applications/obj", body: `{"appRoles":[]}`, status: 400, code: "CannotDeleteOrUpdateEnabledEntitlement"},
		"R77: two permissions of one value and two ids":                    {as: write, method: "PATCH", path: "/applications/obj", body: `{"api":{"oauth2PermissionScopes":[{"id":"00000000-0000-4000-8000-00000000000b","value":"Things.Read","type":"Admin","isEnabled":true,"adminConsentDisplayName":"x","adminConsentDescription":"x"}]}}`, status: 400, code: "DuplicateValue"},
		"R78: an application of an unknown name that is not to be made":    {as: write, method: "PATCH", path: "/applications(uniqueName='none')", body: `{"displayName":"x"}`, status: 404, code: "Request_ResourceNotFound"},
		"R79: licences without a permission":                               {as: read, method: "GET", path: "/subscribedSkus", status: 403, code: "Authorization_RequestDenied"},
		"R68: a request while the directory is throttled":                  {as: read, method: "GET", path: "/applications/obj", status: 429, code: "TooManyRequests", options: graph.Options{Faults: func(string, string) graph.Fault { return graph.Fault{Status: 429, RetryAfter: "7"} }}},
		"R69: a request that is made out to no resource of Graph":          {as: read, method: "GET", path: "/applications/obj/nothing", status: 400, code: "BadRequest"},
	}
}

func TestEveryRefusalOfTheTableIsMade(t *testing.T) {
	s := newService(t)
	for name, tt := range refusals(t, s) {
		t.Run(name, func(t *testing.T) {
			s.t = t
			if tt.options.Pace == 0 {
				tt.options.Pace = -1
			}
			s.serve(tt.options)
			for _, path := range tt.before {
				if resp, body := s.call(tt.as, "GET", path, ""); resp.StatusCode != 200 {
					t.Fatalf("%s: %d %s", path, resp.StatusCode, body)
				}
			}
			changes, before := len(s.directory.Changes()), s.directory.Snapshot()
			resp, body := s.call(tt.as, tt.method, tt.path, tt.body)
			if tt.as == "-" {
				s.tokens.Identities = nil
				resp, body = s.call("", tt.method, tt.path, tt.body, "Authorization", "Bearer x")
			}
			if resp.StatusCode != tt.status || !strings.Contains(body, `"code":"`+tt.code+`"`) {
				t.Errorf("%d %s, want %d %s", resp.StatusCode, body, tt.status, tt.code)
			}
			if len(s.directory.Changes()) != changes || len(s.directory.Snapshot()) != len(before) {
				t.Error("what was refused was done")
			}
		})
	}
}

// row is a line of the table in docs/graph-refusals.md.
var row = regexp.MustCompile(`(?m)^\| (R\d\d) \| ([^|]+) \| (\d{3}) \| ([^|]+) \|`)

func TestTheTableOfRefusalsAndTheTestsAgree(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/graph-refusals.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for name, tt := range refusals(t, newService(t)) {
		want[name] = strconv.Itoa(tt.status) + " " + tt.code
	}
	got := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(string(doc), -1) {
		got[m[1]+": "+m[2]] = m[3] + " " + strings.Trim(strings.TrimSpace(m[4]), "`")
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("%s: tested is %s, the table says %q", name, want[name], got[name])
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("%s is in the table and has no test", name)
	}
}
