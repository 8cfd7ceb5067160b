package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"rekey/handlers/principals"
	"rekey/handlers/rotate"
	"rekey/handlers/rotations"
	"rekey/handlers/settings"
	"rekey/handlers/state"
	"rekey/shared/azure/token"
	"rekey/shared/azure/vault"
	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/host/funchost"
	plan "rekey/shared/rotate"
	"rekey/shared/store"
)

// rotateBell is rung by evictions, unless rotations are switched off.
func (r *responder) rotateBell() store.Bell {
	if r.settings.Rotation.Mode == settings.RotateOff {
		return nil
	}
	return r.account.Bell(store.QueueRotate)
}

// rotations are what sweep looks after.
func (r *responder) rotations() rotations.Store {
	if r.settings.Rotation.Mode == settings.RotateOff {
		return rotations.Store{}
	}
	return r.account.Rotations()
}

func newRotate(*slog.Logger) (funchost.Handler, error) {
	r, err := oneResponder()
	if err != nil {
		return funchost.Handler{}, err
	}
	c := r.settings.Rotation
	tell, hooks, err := c.Posts(&r.settings.Paging)
	if err != nil {
		return funchost.Handler{}, err
	}
	open, err := r.vaults()
	if err != nil {
		return funchost.Handler{}, err
	}
	name, err := os.Hostname()
	if err != nil {
		return funchost.Handler{}, err
	}
	w := r.settings.Declared(string(r.settings.Tenant.ID))
	own := slices.DeleteFunc([]string{w.Self.ObjectID, w.Self.AppID, string(r.settings.ClientID)}, func(id string) bool { return id == "" })
	sources := &rotate.Sources{
		Azure: r.arm, Groups: r.groups, Open: open, Principals: principals.Store{Table: r.account.Table(store.TablePrincipals)}, Streams: r.account.Health().Load, Bundles: r.account.Blobs(store.ContainerUndo), Whose: r.whose,
		Hasher: baseline.NewHasher(r.settings.HashKey), Tenant: string(r.settings.Tenant.ID), Own: own, Now: time.Now,
	}
	prover := token.Prover{Authority: string(r.settings.Authority), Tenant: string(r.settings.Tenant.ID), Scope: proofScope, Private: r.settings.Private}
	h := rotate.New(rotate.Config{
		Rotations: r.account.Rotations(), Operations: r.account.Operations(), Ledger: r.account.Blobs(store.ContainerLedger), Plans: r.account.Blobs(store.ContainerUndo),
		Facts: sources.Facts, Readers: sources.Readers, Log: sources.Log, Open: open, Providers: r.arm, Directory: r.graph, Prove: prover.ProveSecret,
		Webhooks: posts(hooks), Tell: tell, Options: c.Options(append(own, w.Own...), hooks),
		Opening:  plan.Opening{Alone: c.Mode == settings.RotateTier1, Needs: c.Needs, Parallel: c.Parallel},
		Findings: r.account.Findings(), Triage: r.account.Bell(store.QueueTriage), Identify: r.whose,
		Suspects: func(ctx context.Context) ([]string, error) { return r.account.Suspects().IDs(ctx, time.Now()) },
		Stopped:  r.brakes.Stopped, Bell: r.account.Bell(store.QueueRotate), Now: time.Now, Owner: fmt.Sprintf("%s-%d-%s", name, os.Getpid(), rand.Text()[:6]),
	})
	return funchost.Queue(func(ctx context.Context, m funchost.Message) error {
		if c.Mode == settings.RotateOff {
			return nil
		}
		return h.Handle(ctx, m)
	}), nil
}

func posts(hooks map[string]settings.Post) map[string]rotate.Post {
	out := map[string]rotate.Post{}
	for name, p := range hooks {
		out[name] = p
	}
	return out
}

// whose finds the principal that an id means: an application's id, or the object id of a service principal or application.
func (r *responder) whose(ctx context.Context, id string) (event.Principal, error) {
	return rotate.Whose(ctx, r.graph, id)
}

// groups lists the groups of a service principal, nested ones too.
func (r *responder) groups(ctx context.Context, objectID string) ([]string, error) {
	list, err := r.graph.MemberOf(ctx, objectID)
	var out []string
	for _, g := range list {
		out = append(out, g.ID)
	}
	return out, err
}

// vaults opens vaults by their ids; an address comes from Resource Manager and is kept.
func (r *responder) vaults() (func(ctx context.Context, id string) (rotate.Vault, error), error) {
	cred, err := state.Credential(r.settings.Identity)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	open := map[string]rotate.Vault{}
	return func(ctx context.Context, id string) (rotate.Vault, error) {
		key := strings.ToLower(id)
		mu.Lock()
		v, ok := open[key]
		mu.Unlock()
		if ok {
			return v, nil
		}
		a, err := r.arm.Vault(ctx, id)
		if err != nil {
			return v, err
		}
		o := vault.Options{AnyHost: r.settings.Private}
		secrets, err := vault.OpenSecrets(a.URI, cred, o)
		if err != nil {
			return v, err
		}
		certificates, err := vault.New(a.URI, cred, o)
		if err != nil {
			return v, err
		}
		v = rotate.Vault{Secrets: secrets, Certificates: certificates}
		mu.Lock()
		defer mu.Unlock()
		open[key] = v
		return v, nil
	}, nil
}
