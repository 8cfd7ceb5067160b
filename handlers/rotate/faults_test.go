package rotate_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rekey/deploy/local/arm"
	"rekey/deploy/local/faults"
	"rekey/deploy/local/keyvault"
	"rekey/handlers/rotate"
	"rekey/handlers/rotations"
	azarm "rekey/shared/azure/arm"
	azgraph "rekey/shared/azure/graph"
	"rekey/shared/azure/redact"
	"rekey/shared/azure/vault"
	"rekey/shared/host/funchost"
	plan "rekey/shared/rotate"
	"rekey/shared/store"
)

// small is a world with two vaults and every kind of secret, with copies and a certificate.
func small(t *testing.T) *world {
	t.Helper()
	w := build(t, 2, func(w *world, f *furniture) {
		f.mix(w, 0, 10, 6)
		f.mix(w, 1, 9, 0)
		f.copyOf(w, vaultName(1), "copy", plan.StorageKey, resource(0, "Microsoft.Storage/storageAccounts", "acct0x0"), "key2")
	})
	w.certificate(t, vaultName(0), "web")
	return w
}

// ends are what became of each target, in words that do not depend on when.
func ends(j *plan.Journal) []string {
	var out []string
	for _, i := range j.Items {
		out = append(out, fmt.Sprintf("%s %s round %d", i.Key, i.Status, i.Round))
	}
	slices.Sort(out)
	return out
}

// straight is the end without a failure.
var straight = sync.OnceValue(func() *[]string { return new([]string) })

func (w *world) same(t *testing.T, j *rotations.Stored) {
	t.Helper()
	want := straight()
	if *want == nil {
		x := small(t)
		*want = ends(x.drive(t, func() error { return x.handle(t, "one") }).Journal)
	}
	if got := ends(j.Journal); !slices.Equal(got, *want) {
		for n, line := range got {
			if n >= len(*want) || line != (*want)[n] {
				t.Errorf("got %s", line)
			}
		}
		for _, i := range j.Items {
			if i.Status == plan.Parked || i.Kind == plan.OwnerAction {
				t.Logf("%s: %s %s", i.Key, i.Reason, i.Why)
			}
		}
		t.Errorf("another end: %s (%d, want %d)", j.Summary(), len(got), len(*want))
	}
	w.sound(t, j.Journal)
}

// life is how many effects an instance has before it is gone, in the middle of everything.
type life struct {
	mu   sync.Mutex
	left int
	end  context.CancelFunc
}

var errGone = errors.New("the process is gone")

// spend takes one off, and says whether the process is gone.
func (l *life) spend() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left--; l.left > 0 {
		return nil
	}
	l.end()
	return errGone
}

// mortal does something unless the process is gone before, and loses the answer if it is gone after.
func mortal(l *life, do func() error) error {
	if err := l.spend(); err != nil {
		return err
	}
	err := do()
	return errors.Join(err, l.spend())
}

type mortalTable struct {
	store.Table
	*life
}

func (m mortalTable) Put(ctx context.Context, r store.Row) (tag string, err error) {
	err = mortal(m.life, func() error { tag, err = m.Table.Put(ctx, r); return err })
	return tag, err
}

func (m mortalTable) Delete(ctx context.Context, r store.Row) error {
	return mortal(m.life, func() error { return m.Table.Delete(ctx, r) })
}

type mortalBlobs struct {
	store.Blobs
	*life
}

func (m mortalBlobs) Append(ctx context.Context, name string, at int64, data []byte) error {
	return mortal(m.life, func() error { return m.Blobs.Append(ctx, name, at, data) })
}

type mortalKeys struct {
	rotate.Providers
	*life
}

func (m mortalKeys) Keys(ctx context.Context, id string) (out []azarm.Key, err error) {
	return out, mortal(m.life, func() error { out, err = m.Providers.Keys(ctx, id); return err })
}

func (m mortalKeys) Regenerate(ctx context.Context, id, key string) error {
	return mortal(m.life, func() error { return m.Providers.Regenerate(context.WithoutCancel(ctx), id, key) })
}

type mortalGraph struct {
	rotate.Directory
	*life
}

func (m mortalGraph) AddPassword(ctx context.Context, collection, id, name string, end time.Time) (out azgraph.Secret, err error) {
	return out, mortal(m.life, func() error {
		out, err = m.Directory.AddPassword(context.WithoutCancel(ctx), collection, id, name, end)
		return err
	})
}

func (m mortalGraph) RemovePassword(ctx context.Context, collection, id, keyID string) error {
	return mortal(m.life, func() error { return m.Directory.RemovePassword(context.WithoutCancel(ctx), collection, id, keyID) })
}

type mortalSecrets struct {
	rotate.Secrets
	*life
}

func (m mortalSecrets) Set(ctx context.Context, name string, v redact.Value, like vault.Secret, tags map[string]string, expires time.Time) (out vault.Secret, err error) {
	return out, mortal(m.life, func() error {
		out, err = m.Secrets.Set(context.WithoutCancel(ctx), name, v, like, tags, expires)
		return err
	})
}

func (m mortalSecrets) Disable(ctx context.Context, name, version string) error {
	return mortal(m.life, func() error { return m.Secrets.Disable(context.WithoutCancel(ctx), name, version) })
}

type mortalCertificates struct {
	rotate.Certificates
	*life
}

func (m mortalCertificates) Renew(ctx context.Context, name string, tags map[string]string) (out vault.Certificate, err error) {
	return out, mortal(m.life, func() error {
		out, err = m.Certificates.Renew(context.WithoutCancel(ctx), name, tags)
		return err
	})
}

func (m mortalCertificates) Disable(ctx context.Context, name, version string) error {
	return mortal(m.life, func() error { return m.Certificates.Disable(context.WithoutCancel(ctx), name, version) })
}

func TestInstancesThatDieAnywhereLeadToTheSameEnd(t *testing.T) {
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w, random, deaths := small(t), rand.New(rand.NewPCG(seed, 7)), 0
			w.opening.Parallel = 1 + int(seed%2)*3
			n := 0
			j := w.drive(t, func() error {
				n++
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				l := &life{left: 1 + random.IntN(60), end: cancel}
				r := w.instance(fmt.Sprint("instance ", n), mortalTable{w.table, l}, func(c *rotate.Config) {
					c.Ledger, c.Providers, c.Directory = mortalBlobs{w.ledger, l}, mortalKeys{c.Providers, l}, mortalGraph{c.Directory, l}
					open := c.Open
					c.Open = func(ctx context.Context, id string) (rotate.Vault, error) {
						v, err := open(ctx, id)
						return rotate.Vault{Secrets: mortalSecrets{v.Secrets, l}, Certificates: mortalCertificates{v.Certificates, l}}, err
					}
				})
				err := r.Handle(ctx, funchost.Message{Text: id})
				if ctx.Err() != nil {
					deaths++
					w.clock.pass(4 * time.Minute) // the lease has to end
				}
				return err
			})
			t.Logf("%d instances, %d died", n, deaths)
			w.same(t, j)
		})
	}
}

func TestServicesThatFailLeadToTheSameEnd(t *testing.T) {
	kinds := []faults.Fault{
		{When: faults.Before, Status: http.StatusForbidden, Code: "Forbidden"}, {When: faults.Before, Status: http.StatusNotFound}, {When: faults.Before, Status: http.StatusConflict},
		{When: faults.Before, Status: http.StatusTooManyRequests}, {When: faults.Before, Status: http.StatusServiceUnavailable},
		{When: faults.After, Status: http.StatusInternalServerError}, {When: faults.HangUp},
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w, random, mu, struck := small(t), rand.New(rand.NewPCG(seed, 11)), sync.Mutex{}, 0
			if err := w.handle(t, "planner"); err != nil { // what it is planned from is whole
				t.Fatal(err)
			}
			hook := func(string, string) faults.Fault {
				mu.Lock()
				defer mu.Unlock()
				if random.IntN(20) > 0 {
					return faults.Fault{}
				}
				struck++
				return kinds[random.IntN(len(kinds))]
			}
			w.ARM.Fail(hook)
			for _, v := range w.vaults {
				v.Fail(hook)
			}
			down := w.clock.now().Add(20 * time.Minute)
			j := w.drive(t, func() error {
				mu.Lock() // a request of the instance before may still be under way
				before, after := random.IntN(3), random.IntN(2)
				mu.Unlock()
				w.Graph.Fail(before, http.StatusServiceUnavailable, "")
				w.Graph.FailAfterEffect(after, http.StatusBadGateway)
				return w.instance("one", w.table, func(c *rotate.Config) {
					if w.clock.now().Before(down) {
						c.Tell = func(context.Context, string, any) error { return errors.New("down") }
					}
				}).Handle(t.Context(), funchost.Message{Text: id})
			})
			mu.Lock()
			t.Logf("%d requests failed", struck)
			mu.Unlock()
			w.same(t, j)
		})
	}
}

func TestAProviderThatIsDownIsWaitedFor(t *testing.T) {
	w := small(t)
	account := resource(0, "Microsoft.Storage/storageAccounts", "acct0x0")
	w.ARM.Fail(func(_, path string) faults.Fault {
		if strings.EqualFold(path, account+"/regenerateKey") {
			return faults.Fault{When: faults.Before, Status: http.StatusServiceUnavailable}
		}
		return faults.Fault{}
	})
	n := 0
	j := w.drive(t, func() error {
		if n++; n == 12 {
			w.ARM.Fail(nil)
		}
		return w.handle(t, "one")
	})
	w.same(t, j)
}

func TestWhatCannotBeProvenIsParkedWithItsReason(t *testing.T) {
	w := small(t)
	if err := w.handle(t, "one"); err != nil {
		t.Fatal(err)
	}
	change := func(name string, edit func(*keyvault.Secret)) {
		vs := w.server(vaultName(0)).Versions(name)
		s := vs[len(vs)-1]
		edit(&s)
		if err := w.server(vaultName(0)).Put(map[string]keyvault.Secret{name: s}); err != nil {
			t.Fatal(err)
		}
	}
	change("s-01", func(s *keyvault.Secret) { s.Disabled = true })
	change("s-02", func(s *keyvault.Secret) { s.Expires = time.Now().Add(-time.Hour) })
	change("s-03", func(s *keyvault.Secret) { s.Value = "of somebody else" })
	change("s-04", func(s *keyvault.Secret) { s.Value = "no key of this account at all" })
	change("s-05", func(s *keyvault.Secret) { s.Deleted = true })
	err := w.ARM.Build(func(b arm.World) { b.Network(w.ids[vaultName(1)], arm.Network{Deny: true}) })
	if err != nil {
		t.Fatal(err)
	}
	j := w.drive(t, func() error { return w.handle(t, "one") })
	why := map[string]string{}
	for _, i := range j.Items {
		if len(i.Copies) > 0 {
			why[i.Copies[0].Name()] = string(i.Status) + " " + i.Reason
		}
	}
	for name, want := range map[string]string{
		"vault-00/s-00": "parked prove: ", // a copy is behind the firewall: its readers would break
		"vault-00/s-01": "parked vault-00/s-01: its newest version is disabled",
		"vault-00/s-02": "done",
		"vault-00/s-03": "parked vault-00/s-03: its value is not the client secret that its tag CredentialId names",
		"vault-00/s-04": "parked none of its secrets holds a current key",
		"vault-00/s-05": "parked vault-00/s-05: it is not there any more, or deleted",
		"vault-01/s-02": "parked prove: ",
	} {
		if !strings.HasPrefix(why[name], want) {
			t.Errorf("%s: %s, want %s", name, why[name], want)
		}
	}
	if !strings.Contains(why["vault-00/s-00"], "firewall") {
		t.Error(why["vault-00/s-00"])
	}
}

func TestWhatIsReadAgainIsRotatedAgainAndNothingElse(t *testing.T) {
	w := small(t)
	w.opening.Parallel = 8
	again := false
	j := w.drive(t, func() error {
		err := w.handle(t, "one")
		if j, readErr := (rotations.Store{Table: w.table}).Get(t.Context(), id); readErr == nil && !again {
			if i := j.Item("random:vault-00/s-02"); i != nil && i.Status == plan.Rotated {
				again = true // with a token from before: it is seen late
				w.read(t, victimID, w.cut, "vault-00/s-02/"+i.Holds[0].New)
				w.clock.pass(6 * time.Minute)
			}
		}
		return err
	})
	for _, i := range j.Items {
		want := 1
		if i.Key == "random:vault-00/s-02" {
			want = 2
		}
		if i.Round != want {
			t.Errorf("%s has %d rounds, want %d", i.Key, i.Round, want)
		}
	}
	if n := w.changes["stored vault-00/s-02"]; n != 2 {
		t.Errorf("stored %d times", n)
	}
}
