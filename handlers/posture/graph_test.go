package posture_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	"rekey/handlers/posture"
	"rekey/shared/azure/graph"
	"rekey/shared/fault"
	judge "rekey/shared/posture"
)

type anybody struct{}

func (anybody) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "x", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// answers is Graph by path; {base} is its own address. A path it lacks is 404, and one that is null 403.
func answers(t *testing.T, byPath map[string]string) *posture.Graph {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/v1.0")
		if token := r.URL.Query().Get("$skiptoken"); token != "" {
			path += "?" + token
		}
		body, ok := byPath[path]
		w.Header().Set("Content-Type", "application/json")
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		case body == "null":
			w.WriteHeader(http.StatusForbidden)
		default:
			_, _ = w.Write([]byte(strings.ReplaceAll(body, "{base}", s.URL+"/v1.0")))
		}
	}))
	t.Cleanup(s.Close)
	return &posture.Graph{Client: graph.New(s.URL, anybody{}, graph.Options{Transport: s.Client()})}
}

func list(items ...string) string { return `{"value":[` + strings.Join(items, ",") + `]}` }

func tenant() map[string]string {
	return map[string]string{
		"/applications":                                 `{"value":[{"id":"OBJ1","appId":"APP1","displayName":"Billing","signInAudience":"AzureADMyOrg","web":{"redirectUris":["https://a.contoso.com/"]},"tokenEncryptionKeyId":"k2","keyCredentials":[{"keyId":"k1","usage":"Verify"},{"keyId":"k2","usage":"Verify"}],"passwordCredentials":[{"keyId":"p1"}]}],"@odata.nextLink":"{base}/applications?$skiptoken=two"}`,
		"/applications?two":                             list(`{"id":"obj2","appId":"app2"}`),
		"/servicePrincipals":                            list(`{"id":"SP1","appId":"APP1","servicePrincipalType":"Application","appOwnerOrganizationId":"t1","verifiedPublisher":{"verifiedPublisherId":"9"}}`),
		"/applications/obj1/owners":                     list(`{"@odata.type":"#microsoft.graph.user","id":"u1","userPrincipalName":"eve#EXT#@contoso.com"}`),
		"/servicePrincipals/sp1/owners":                 list(),
		"/servicePrincipals/sp1/appRoleAssignments":     list(`{"appRoleId":"r1","resourceId":"api"}`, `{"appRoleId":"r2","resourceId":"api"}`, `{"appRoleId":"r3","resourceId":"gone"}`),
		"/servicePrincipals/sp1/oauth2PermissionGrants": list(`{"consentType":"AllPrincipals","scope":"Mail.Read openid"}`),
		"/roleManagement/directory/roleAssignments":     list(`{"roleDefinitionId":"d1"}`),
		"/servicePrincipals/api":                        `{"id":"api","appId":"API","appRoles":[{"id":"r1","value":"Mail.Read"}]}`,
	}
}

func TestGraphIsReadPageByPageAndCompleted(t *testing.T) {
	g := answers(t, tenant())
	first, next, err := g.Applications(t.Context(), "")
	if err != nil || len(first) != 1 || next == "" {
		t.Fatalf("%+v, next %q (%v)", first, next, err)
	}
	second, end, err := g.Applications(t.Context(), next)
	if err != nil || len(second) != 1 || second[0].ID != "obj2" || end != "" {
		t.Fatalf("%+v, next %q (%v)", second, end, err)
	}
	got, err := g.Complete(t.Context(), judge.Facts{Application: &first[0]})
	if err != nil {
		t.Fatal(err)
	}
	a := first[0]
	a.Owners = []judge.Owner{{ID: "u1", UserPrincipalName: "eve#EXT#@contoso.com"}}
	want := judge.Facts{Application: &a, Principals: []judge.Principal{{
		ID: "sp1", AppID: "app1", ServicePrincipalType: "Application", AppOwnerOrganizationID: "t1", VerifiedPublisher: judge.Publisher{ID: "9"},
		PasswordCredentials: []judge.Credential{}, Owners: []judge.Owner{}, Grants: &judge.Grants{
			AppRoles: []judge.AppRole{{Value: "Mail.Read", ResourceAppID: "api"}, {Value: "r2", ResourceAppID: "api"}, {Value: "r3"}},
			Scopes:   []judge.Scope{{Scope: "Mail.Read openid", ConsentType: "AllPrincipals"}}, DirectoryRoles: []string{"d1"},
		},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(a.KeyCredentials) != 1 || a.KeyCredentials[0].KeyID != "k1" {
		t.Errorf("what encrypts tokens counts as a credential: %+v", a.KeyCredentials)
	}
	if _, _, err := g.Applications(t.Context(), "/users?$top=1"); !errors.Is(err, fault.Denied) {
		t.Errorf("a kept token leads anywhere: %v", err)
	}
}

func TestWhatMayNotBeReadStaysUnknown(t *testing.T) {
	all := tenant()
	all["/roleManagement/directory/roleAssignments"] = "null"
	page, _, err := answers(t, all).Principals(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := answers(t, all).Complete(t.Context(), judge.Facts{Principals: page})
	if err != nil || got.Principals[0].Grants != nil {
		b, _ := json.Marshal(got)
		t.Errorf("%s (%v)", b, err)
	}
}
