package graph_test

import (
	"errors"
	"testing"

	local "rekey/deploy/local/graph"
	"rekey/shared/fault"
)

func TestSignInsOfWorkloadIdentitiesAreRead(t *testing.T) {
	w := newWorld(t, local.Options{})
	c := w.client("AuditLog.Read.All", "Directory.Read.All")
	s, err := c.SignIn(t.Context(), "signin-1")
	if err != nil || s.ServicePrincipalID != "sp" || s.AppID != "app" || s.IPAddress != "198.51.100.9" || s.CredentialKeyID != "k1" || s.Created.IsZero() || s.Status.ErrorCode != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := c.SignIn(t.Context(), "signin-2"); err != nil || s.ID != "signin-2" {
		t.Errorf("of a managed identity: %+v, %v", s, err)
	}
	for _, id := range []string{"unknown", "person's", "signin-1' or id eq 'signin-2"} {
		if _, err := c.SignIn(t.Context(), id); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
}
