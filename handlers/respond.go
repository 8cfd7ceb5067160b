package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"rekey/handlers/evict"
	"rekey/handlers/inventory"
	"rekey/handlers/objects"
	"rekey/handlers/posture"
	"rekey/handlers/principals"
	"rekey/handlers/settings"
	"rekey/handlers/state"
	"rekey/handlers/sweep"
	"rekey/handlers/triage"
	"rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
	"rekey/shared/azure/token"
	"rekey/shared/azure/vault"
	"rekey/shared/baseline"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/host/config"
	"rekey/shared/host/funchost"
	judge "rekey/shared/posture"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// responder is what the functions of the respond app share.
type responder struct {
	settings settings.Respond
	account  *state.Account
	graph    *graph.Client
	vault    *vault.Client
	arm      *arm.Client
	brakes   triage.Brakes
}

var oneResponder = sync.OnceValues(func() (*responder, error) {
	var c settings.Respond
	if err := config.Load(&c); err != nil {
		return nil, err
	}
	account, err := state.Open(c.State, c.Identity)
	if err != nil {
		return nil, err
	}
	cred, err := state.Credential(c.Identity)
	if err != nil {
		return nil, err
	}
	a, err := arm.New(string(c.ARMURL), cred, arm.Options{})
	if err != nil {
		return nil, err
	}
	v, err := vault.New(string(c.VaultURL), cred, vault.Options{AnyHost: c.Private})
	return &responder{
		settings: c, account: account, vault: v, arm: a, graph: graph.New(string(c.GraphURL), cred, graph.Options{}),
		brakes: triage.Brakes{Switches: account.Table(store.TableSwitches), Policy: c.Policy()},
	}, err
})

func (r *responder) inventory(ctx context.Context, p event.Principal) (remedy.Inventory, error) {
	return inventory.Gather(ctx, r.graph, string(r.settings.Tenant.ID), p, time.Now())
}

func newTriage(*slog.Logger) (funchost.Handler, error) {
	r, err := oneResponder()
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.Queue(triage.New(triage.Config{
		Principals: principals.Store{Table: r.account.Table(store.TablePrincipals)}, Findings: r.account.Findings(), Cases: r.account.Cases(), Suspects: r.account.Suspects(),
		Operations: r.account.Table(store.TableOperations), Inquiries: r.account.Inquiries(), Brakes: r.brakes, Inventory: r.inventory,
		World: r.settings.Declared(string(r.settings.Tenant.ID)), Streams: r.account.Health().Load, Hasher: baseline.NewHasher(r.settings.HashKey),
		Evict: r.account.Bell(store.QueueEvict), Now: time.Now,
	}).Handle), nil
}

// proofScope is what the proving token is for: every application may ask for Graph.
const proofScope = "https://graph.microsoft.com/.default"

func newEvict(*slog.Logger) (funchost.Handler, error) {
	r, err := oneResponder()
	if err != nil {
		return funchost.Handler{}, err
	}
	prover := token.Prover{
		Authority: string(r.settings.Authority), Tenant: string(r.settings.Tenant.ID), Scope: proofScope, Private: r.settings.Private,
	}
	name, err := os.Hostname()
	return funchost.Queue(evict.New(r.reach(evict.Config{
		Operations: r.account.Table(store.TableOperations), Ledger: r.account.Blobs(store.ContainerLedger), Undo: r.account.Blobs(store.ContainerUndo),
		Directory: r.graph, Inventory: r.inventory, Vault: r.vault, Decide: r.decideAgain, Stopped: r.brakes.Stopped, Now: time.Now,
		Owner: fmt.Sprintf("%s-%d-%s", name, os.Getpid(), rand.Text()[:6]),
		Prove: func(ctx context.Context, appID string, c vault.Certificate) error {
			return prover.Prove(ctx, appID, c.DER, func(ctx context.Context, digest []byte) ([]byte, error) {
				return r.vault.SignPS256(ctx, c.Name, digest)
			})
		},
	})).Handle), errors.Join(err)
}

// decideAgain asks the brakes with the case as it is stored now.
func (r *responder) decideAgain(ctx context.Context, op remedy.Operation) (decide.Verdict, error) {
	if op.Undoes != "" { // nothing is taken back without people
		return decide.Verdict{Mode: decide.ModeApprove}, nil
	}
	c, err := r.account.Cases().Get(ctx, op.Principal.Key(), op.Case)
	if err != nil {
		return decide.Verdict{}, err
	}
	return r.brakes.Decide(ctx, c, op.ID, time.Now())
}

func newSweep(*slog.Logger) (funchost.Handler, error) {
	r, err := oneResponder()
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.Timer(sweep.New(sweep.Config{
		Findings: r.account.Findings(), Cases: r.account.Cases(), Suspects: r.account.Suspects(), Operations: r.account.Table(store.TableOperations),
		Triage: r.account.Bell(store.QueueTriage), Evict: r.account.Bell(store.QueueEvict), Quiet: r.settings.Quiet, Now: time.Now,
		Posture: r.posture(),
	}).Handle), nil
}

// posture returns the weekly look at everything the directory has, or nil when it is switched off.
func (r *responder) posture() func(context.Context) error {
	if r.settings.Posture <= 0 {
		return nil
	}
	hasher := baseline.NewHasher(r.settings.HashKey)
	w, table := r.settings.Declared(string(r.settings.Tenant.ID)), r.account.Table(store.TableInventory)
	return posture.New(posture.Config{
		Directory: &posture.Graph{Client: r.graph}, Resolver: posture.DNS{}, Principals: principals.Store{Table: r.account.Table(store.TablePrincipals)},
		Findings: r.account.Findings(), Objects: &objects.Store{Table: table, Now: time.Now}, Progress: table, Hasher: &hasher, Every: r.settings.Posture,
		World: judge.World{Tenant: w.Tenant, Domains: w.Domains, Deployers: w.Deployers}, Now: time.Now,
	}).Run
}
