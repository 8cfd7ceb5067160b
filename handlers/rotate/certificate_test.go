package rotate_test

import (
	"context"
	"strings"
	"testing"

	"rekey/handlers/rotate"
	"rekey/shared/azure/vault"
	"rekey/shared/fault"
	"rekey/shared/host/funchost"
	plan "rekey/shared/rotate"
)

func TestAnOldCertificateIsDisabledThroughTheCertificate(t *testing.T) {
	w := build(t, 1, func(_ *world, f *furniture) { f.reads = []string{vaultName(0) + "/web"} })
	w.certificate(t, vaultName(0), "web")
	j := w.drive(t, func() error { return w.handle(t, "one") })
	if i := j.Items[0]; i.Kind != plan.Certificate || i.Status != plan.Done {
		t.Errorf("%s is %s: %s", i.Key, i.Status, i.Reason)
	}
	if vs := w.server(vaultName(0)).Versions("web"); len(vs) != 2 || !vs[0].Disabled || vs[1].Disabled {
		t.Errorf("%d versions, %+v", len(vs), vs)
	}
}

// unwilling is a vault that disables no certificate.
type unwilling struct{ rotate.Certificates }

func (unwilling) Disable(context.Context, string, string) error {
	return fault.Errorf(fault.Denied, "disabling: %w", vault.ErrRights)
}

func TestAnOldCertificateThatStaysEnabledIsSaidToTheOwner(t *testing.T) {
	w := build(t, 1, func(_ *world, f *furniture) { f.reads = []string{vaultName(0) + "/web"} })
	w.certificate(t, vaultName(0), "web")
	handler := w.instance("one", w.table, func(c *rotate.Config) {
		c.Open = func(ctx context.Context, id string) (rotate.Vault, error) {
			v, err := w.openVault(ctx, id)
			v.Certificates = unwilling{v.Certificates}
			return v, err
		}
	})
	j := w.drive(t, func() error { return handler.Handle(t.Context(), funchost.Message{Text: id}) })
	said := false
	for _, i := range j.Items {
		if i.Kind == plan.OwnerAction && strings.Contains(i.Why, "STAYS ENABLED") && strings.Contains(i.Action.Text, "STAYS ENABLED") {
			said = true
		}
	}
	if !said {
		for _, i := range j.Items {
			t.Errorf("%s %s is %s: %s %s", i.Kind, i.Key, i.Status, i.Why, i.Reason)
		}
	}
}
