package evict_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // thumbprints are defined with it
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/graph"
	"rekey/handlers/evict"
	azgraph "rekey/shared/azure/graph"
	"rekey/shared/azure/vault"
	"rekey/shared/fault"
	"rekey/shared/remedy"
)

// held makes an old certificate whose key an operator handed over.
func held(t *testing.T) azgraph.Holder {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "held"}, NotBefore: year(1998), NotAfter: year(2040)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return azgraph.Holder{Certificate: der, Sign: func(_ context.Context, digest []byte) ([]byte, error) {
		return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest)
	}}
}

// oneKey is a vault with one certificate.
type oneKey struct{ h azgraph.Holder }

func (k oneKey) Find(_ context.Context, thumbprints []string) (vault.Certificate, error) {
	sum := sha1.Sum(k.h.Certificate) //nolint:gosec // thumbprints are defined with it
	if !slices.Contains(thumbprints, strings.ToUpper(hex.EncodeToString(sum[:]))) {
		return vault.Certificate{}, fault.Errorf(fault.NotFound, "none of %v", thumbprints)
	}
	return vault.Certificate{Name: "held", Version: "v1", DER: k.h.Certificate}, nil
}

func (k oneKey) SignRS256(ctx context.Context, _, _ string, digest []byte) ([]byte, error) {
	return k.h.Sign(ctx, digest)
}

func TestWithAnOldKeyAtHandTheCertificatesAreRolledByProofWhereverTheProcessEnds(t *testing.T) {
	h, moments := held(t), 0
	for at := 1; ; at++ {
		e := afterChange(at)
		synctest.Test(t, func(t *testing.T) {
			k := kinds["credentials alone"]
			k.graph.Faults = func(method, path string) graph.Fault { // whatever stays, it is not as it was
				if method == http.MethodPatch && path == "/applications/appobj" {
					return graph.Fault{Status: http.StatusBadRequest, Code: "KeyNotUpdatable"}
				}
				return graph.Fault{}
			}
			k.seed = func(l *lab) {
				ordinary(l)
				app := theApp()
				old := keyOf("held", "Verify", "h")
				old.Key = h.Certificate
				app.KeyCredentials = append([]directory.KeyCredential{old}, app.KeyCredentials...)
				l.seeds(directory.Applications, app)
			}
			l := begin(t, k)
			op := l.operation()
			i := slices.IndexFunc(op.Plan.Steps, func(s remedy.Step) bool { return s.Kind == remedy.StepReplaceKeys })
			op.Plan.Steps, op.Progress = op.Plan.Steps[i:i+1], op.Progress[i:i+1]
			now := time.Now().UTC()
			op.Made = &remedy.Made{DER: theCertificate(), Start: now, End: now.AddDate(0, 3, 0)}
			l.put(op)
			l.holder, l.pause = evict.FromVault(oneKey{h}), 40*time.Second // two minutes are waited for the list
			l.untilEnded(e)
			err := l.toTheEnd()
			op = l.operation()
			app, _ := l.dir.Get(directory.Applications, "appobj")
			if err != nil || op.State != remedy.StateDone || len(app.KeyCredentials) != 1 || string(app.KeyCredentials[0].Key) != string(theCertificate()) || app.KeyCredentials[0].KeyID != op.NewKeyID {
				t.Errorf("ended after change %d (%s): %s %s (%v); %d certificates", at, e.name, op.State, op.Reason, err, len(app.KeyCredentials))
			}
			removed, err := l.ledgerOf(op)
			if !slices.Contains(removed, "held") || !slices.Contains(removed, "appcert") || errors.Is(err, context.Canceled) {
				t.Errorf("the ledger says that %v were removed (%v)", removed, err)
			}
		})
		if !e.dead || t.Failed() {
			break
		}
		moments++
	}
	t.Logf("the process was ended at %d moments", moments)
}
