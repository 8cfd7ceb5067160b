package graph_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/graph"
)

func TestAPatchReplacesTheWholeListAndAnEchoKeeps(t *testing.T) {
	s := newService(t)
	if resp, body := s.call(write, "PATCH", "/applications/obj", echo("=>")); resp.StatusCode != 204 {
		t.Fatalf("echo: %d %s", resp.StatusCode, body)
	}
	if resp, body := s.call(write, "PATCH", "/applications/obj", fresh(t, "Verify", end)); resp.StatusCode != 204 {
		t.Fatalf("replace: %d %s", resp.StatusCode, body)
	}
	o, _ := s.directory.Get(directory.Applications, "obj")
	if len(o.KeyCredentials) != 1 || o.KeyCredentials[0].KeyID != "new" {
		t.Errorf("%+v", o.KeyCredentials)
	}
	if resp, _ := s.call(write, "PATCH", "/applications/obj", `{"keyCredentials":[]}`); resp.StatusCode != 204 {
		t.Errorf("an empty list: %d", resp.StatusCode)
	}
}

func TestKeysAndSecretsAreNotShown(t *testing.T) {
	s := newService(t)
	for path, shown := range map[string]bool{
		"/applications/obj": false, "/applications/obj?$select=id,keyCredentials": false, "/applications/obj?$select=keyCredentials": true,
		"/applications?$filter=" + url.QueryEscape("appId eq 'app'"): false,
	} {
		resp, body := s.call(read, "GET", path, "")
		if resp.StatusCode != 200 || strings.Contains(body, `"key":"`) != shown || strings.Contains(body, "digest") || strings.Contains(body, "s3cret") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}

func TestEveryReadMayLagAndAllOfARequestComesFromOneReplica(t *testing.T) {
	s := newService(t, graph.Options{Pace: -1, Faults: func(method, _ string) graph.Fault {
		if method == "GET" {
			return graph.Fault{Stale: time.Hour}
		}
		return graph.Fault{}
	}})
	everything := strings.Join([]string{write, roles, grants, access, risk, "GroupMember.ReadWrite.All Directory.Read.All RoleManagement.ReadWrite.Directory"}, " ")
	changes := map[string]struct{ method, path, body, read, has string }{
		"a property":          {"PATCH", "/servicePrincipals/sp", `{"accountEnabled":false}`, "/servicePrincipals/sp", `"accountEnabled":true`},
		"a removed owner":     {"DELETE", "/applications/obj/owners/alice/$ref", "", "/applications/obj/owners", "alice"},
		"a removed app role":  {"DELETE", "/servicePrincipals/res/appRoleAssignedTo/ra", "", "/servicePrincipals/sp/appRoleAssignments", `"ra"`},
		"a removed grant":     {"DELETE", "/oauth2PermissionGrants/g", "", "/servicePrincipals/sp/oauth2PermissionGrants", `"g"`},
		"a removed member":    {"DELETE", "/groups/plain/members/sp/$ref", "", "/servicePrincipals/sp/transitiveMemberOf", "plain"},
		"a removed role":      {"DELETE", "/roleManagement/directory/roleAssignments/r1", "", "/roleManagement/directory/roleAssignments", `"r1"`},
		"a removed federated": {"DELETE", "/applications/obj/federatedIdentityCredentials/ci", "", "/applications/obj/federatedIdentityCredentials", "f1"},
		"a deleted object":    {"DELETE", "/applications/multi", "", "/applications", `"multi"`},
	}
	for name, c := range changes {
		if resp, body := s.call(everything, c.method, c.path, c.body); resp.StatusCode != 204 {
			t.Fatalf("%s: %d %s", name, resp.StatusCode, body)
		}
		if _, body := s.call(everything, "GET", c.read, ""); !strings.Contains(body, c.has) {
			t.Errorf("%s: a replica that is behind shows it already: %s", name, body)
		}
	}
	s.serve(graph.Options{Pace: -1})
	for name, c := range changes {
		if _, body := s.call(everything, "GET", c.read, ""); strings.Contains(body, c.has) {
			t.Errorf("%s: it was not done: %s", name, body)
		}
	}
	if _, body := s.call(everything, "POST", "/identity/conditionalAccess/policies", policy("sp", "block")); !strings.Contains(body, `"id"`) {
		t.Error(body)
	}
	s.serve(graph.Options{Pace: -1, Faults: func(string, string) graph.Fault { return graph.Fault{Stale: time.Hour} }})
	if _, body := s.call(everything, "GET", "/identity/conditionalAccess/policies", ""); strings.Contains(body, `"p"`) {
		t.Errorf("a replica that is behind shows what was added: %s", body)
	}
}

func TestListsArePagedFilteredAndCounted(t *testing.T) {
	s := newService(t)
	var ids []string
	path := "/servicePrincipals?$top=2&$select=id"
	for path != "" {
		var page struct {
			Value []struct{ ID, AppID string }
			Next  string `json:"@odata.nextLink"`
		}
		_, body := s.call(read, "GET", path, "")
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Value {
			ids = append(ids, v.ID)
		}
		path = strings.TrimPrefix(page.Next, s.url)
	}
	if want := []string{"agent", "locked", "locksp", "mi", "multisp", "res", "sp"}; !slices.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
	resp, body := s.call(read, "GET", "/servicePrincipals?$count=true&$top=1&$filter="+url.QueryEscape("servicePrincipalType ne 'Application'"), "", "ConsistencyLevel", "eventual")
	if resp.StatusCode != 200 || !strings.Contains(body, `"@odata.count":2`) {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestTheApplicationItselfRollsItsKeysByProofAloneAndNobodyElse(t *testing.T) {
	s := newService(t)
	proof := s.proof(func(*jwt.RegisteredClaims) {})
	if resp, _ := s.call("another", "POST", "/applications/obj/addKey", s.addKey(proof)); resp.StatusCode != 403 {
		t.Errorf("another application without a permission: %d", resp.StatusCode)
	}
	if resp, body := s.call("app", "POST", "/applications/obj/addKey", s.addKey(proof)); resp.StatusCode != 200 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	if resp, body := s.call("app", "POST", "/applications/obj/removeKey", `{"keyId":"k1","proof":"`+proof+`"}`); resp.StatusCode != 204 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	o, _ := s.directory.Get(directory.Applications, "obj")
	if len(o.KeyCredentials) != 1 || o.KeyCredentials[0].KeyID == "k1" {
		t.Errorf("%+v", o.KeyCredentials)
	}
	if resp, _ := s.call("app", "POST", "/applications/obj/removeKey", `{"keyId":"x","proof":"`+proof+`"}`); resp.StatusCode != 401 {
		t.Errorf("a key that was removed still proves: %d", resp.StatusCode)
	}
}

func TestOwnersMayChangeWhatTheyOwn(t *testing.T) {
	s := newService(t)
	err := s.directory.Update(directory.ServicePrincipals, "sp", "test", "owner", func(o *directory.Object) error {
		o.Owners = append(o.Owners, "caller")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const owned = "Application.ReadWrite.OwnedBy"
	if resp, body := s.call(owned, "PATCH", "/servicePrincipals/sp", `{"accountEnabled":false}`); resp.StatusCode != 204 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if resp, _ := s.call(owned, "GET", "/servicePrincipals/locked", ""); resp.StatusCode != 200 {
		t.Error("who may change what is owned may read all")
	}
}

func TestWithoutRefTheOwnerIsDeleted(t *testing.T) {
	s := newService(t)
	if resp, body := s.call(write+" User.ReadWrite.All", "DELETE", "/applications/obj/owners/alice", ""); resp.StatusCode != 204 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	if _, ok := s.directory.Get(directory.Users, "alice"); ok {
		t.Error("the user is still there")
	}
}

func TestADeletedApplicationIsRestoredWithItsCredentials(t *testing.T) {
	s := newService(t)
	if resp, body := s.call(write, "DELETE", "/applications/obj", ""); resp.StatusCode != 204 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	if _, ok := s.directory.Get(directory.ServicePrincipals, "sp"); ok {
		t.Error("its service principal is still there")
	}
	for _, id := range []string{"obj", "sp"} {
		if resp, body := s.call(write+" @admin", "POST", "/directory/deletedItems/"+id+"/restore", ""); resp.StatusCode != 200 {
			t.Fatalf("%s: %d %s", id, resp.StatusCode, body)
		}
	}
	if o, ok := s.directory.Get(directory.Applications, "obj"); !ok || len(o.PasswordCredentials) != 1 {
		t.Errorf("%v %+v", ok, o)
	}
}

func TestFaultsHangUpBeforeOrAfterTheEffectAndOthersActMeanwhile(t *testing.T) {
	for _, after := range []bool{false, true} {
		s := newService(t, graph.Options{
			Faults:    func(string, string) graph.Fault { return graph.Fault{HangUp: true, AfterEffect: after} },
			Meanwhile: func(_, path string) { t.Logf("meanwhile at %s", path) },
		})
		r, err := http.NewRequestWithContext(t.Context(), "PATCH", s.url+"/servicePrincipals/sp", strings.NewReader(`{"accountEnabled":false}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.token(write))
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
			t.Errorf("an answer came: %d", resp.StatusCode)
		}
		if sp, _ := s.directory.Get(directory.ServicePrincipals, "sp"); sp.AccountEnabled == after {
			t.Errorf("after the effect %v: enabled is %v", after, sp.AccountEnabled)
		}
	}
}

func TestTheMomentBetweenArrivalAndEffectBelongsToOthers(t *testing.T) {
	var s *service
	s = newService(t, graph.Options{Meanwhile: func(method, path string) {
		if method == "PATCH" {
			_ = s.directory.Update(directory.Applications, "obj", "intruder", "planted", func(o *directory.Object) error {
				o.KeyCredentials = append(o.KeyCredentials, directory.KeyCredential{KeyID: "planted", Usage: "Verify"})
				return nil
			})
		}
	}})
	if resp, body := s.call(write, "PATCH", "/applications/obj", echo("=>")); resp.StatusCode != 204 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	if o, _ := s.directory.Get(directory.Applications, "obj"); len(o.KeyCredentials) != 1 {
		t.Errorf("the list is not what was sent: %+v", o.KeyCredentials)
	}
}
