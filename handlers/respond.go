package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strings"
	"sync"
	"time"

	"rekey/handlers/conditional"
	"rekey/handlers/evict"
	"rekey/handlers/halt"
	"rekey/handlers/inventory"
	"rekey/handlers/objects"
	"rekey/handlers/orders"
	"rekey/handlers/pages"
	"rekey/handlers/policies"
	"rekey/handlers/posture"
	"rekey/handlers/principals"
	"rekey/handlers/protect"
	"rekey/handlers/remediations"
	"rekey/handlers/reread"
	"rekey/handlers/settings"
	"rekey/handlers/state"
	"rekey/handlers/sweep"
	"rekey/handlers/triage"
	"rekey/handlers/undo"
	"rekey/shared/azure/arm"
	"rekey/shared/azure/graph"
	"rekey/shared/azure/token"
	"rekey/shared/azure/vault"
	"rekey/shared/baseline"
	"rekey/shared/casefile"
	"rekey/shared/decide"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/host/config"
	"rekey/shared/host/funchost"
	"rekey/shared/order"
	judge "rekey/shared/posture"
	"rekey/shared/remedy"
	"rekey/shared/store"
	"rekey/shared/verdict"
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
	r := &responder{
		settings: c, account: account, vault: v, arm: a, graph: graph.New(string(c.GraphURL), cred, graph.Options{}),
		brakes: triage.Brakes{Switches: account.Table(store.TableSwitches), Policy: c.Policy()},
	}
	r.brakes.Reread = reread.Reader{SignIn: r.graph.SignIn}.Case
	if c.TrustHubs {
		r.brakes.Reread = func(context.Context, casefile.Case) (decide.Reread, error) { return decide.RereadWaived, nil }
	}
	return r, err
})

func (r *responder) inventory(ctx context.Context, p event.Principal) (remedy.Inventory, error) {
	return inventory.Gather(ctx, r.graph, string(r.settings.Tenant.ID), p, time.Now())
}

// survey is the inventory with everything that surrounds it, and what the principals have in Azure.
func (r *responder) survey(ctx context.Context, p event.Principal) (remedy.Inventory, error) {
	inv, err := r.inventory(ctx, p)
	if err != nil {
		return inv, err
	}
	if err := inventory.Surround(ctx, r.graph, &inv); err != nil {
		return inv, err
	}
	return inv, inventory.InAzure(ctx, r.arm, &inv)
}

// options are what plans may do, as far as the settings say.
func (r *responder) options() remedy.Options {
	w := r.settings.Declared(string(r.settings.Tenant.ID))
	name, _, _ := strings.Cut(strings.TrimPrefix(string(r.settings.VaultURL), "https://"), ".")
	o := remedy.Options(r.settings.Acts)
	o.Own, o.Vault = []string{w.Self.ObjectID, w.Self.AppID, string(r.settings.ClientID)}, remedy.VaultRef{Name: name}
	return o
}

func newTriage(*slog.Logger) (funchost.Handler, error) {
	r, err := oneResponder()
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.Queue(r.triage().Handle), nil
}

// triage looks at principals, for the doorbell and for people who ask.
func (r *responder) triage() *triage.Triage {
	return triage.New(triage.Config{
		Principals: principals.Store{Table: r.account.Table(store.TablePrincipals)}, Findings: r.account.Findings(), Cases: r.account.Cases(), Suspects: r.account.Suspects(),
		Verdicts: r.account.Verdicts(), Operations: r.account.Operations(), Rotations: r.account.Rotations(), Inquiries: r.account.Inquiries(), Brakes: r.brakes, Inventory: r.survey, Options: r.options(),
		World: r.settings.Declared(string(r.settings.Tenant.ID)), Streams: r.account.Health().Load, Hasher: baseline.NewHasher(r.settings.HashKey),
		Looked: func(ctx context.Context) (time.Time, error) {
			return posture.Looked(ctx, r.account.Table(store.TableInventory))
		},
		Announce: r.announce, Evict: r.account.Bell(store.QueueEvict), Publish: r.account.Bell(store.QueuePublish), Now: time.Now,
	})
}

// announce orders that Identity Protection be told of a verdict, if the settings say so. Given twice, it is one order. It
// has no call for "confirmed safe", and knows no principal without an object id.
func (r *responder) announce(ctx context.Context, v verdict.Verdict) error {
	kind, ok := map[verdict.Kind]order.Kind{verdict.ConfirmCompromised: order.Confirm, verdict.Dismiss: order.Dismiss}[v.Kind]
	if !r.settings.Tell || !ok || strings.HasPrefix(v.Principal, "app:") {
		return nil
	}
	o, err := order.New(order.Request{Kind: kind, IDs: []string{v.Principal}, By: v.By, Reason: "said in Rekey", Key: v.ID + " " + v.Principal}, time.Now())
	if errors.Is(err, fault.Poison) {
		funchost.Note(ctx, "not_announced", err.Error())
		return nil
	}
	_, err = orders.Store{Table: r.account.Table(store.TableOrders), Bell: r.account.Bell(store.QueueOrders)}.Open(ctx, o)
	return err
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
	owner, err := instance()
	operations := evict.New(r.reach(evict.Config{
		Operations: r.account.Operations(), Ledger: r.account.Blobs(store.ContainerLedger), Undo: r.account.Blobs(store.ContainerUndo),
		Directory: r.graph, Inventory: r.inventory, Survey: r.survey, Vault: r.vault, Decide: r.decideAgain, Stopped: r.brakes.Stopped, Now: time.Now,
		Owner: owner, Rotate: r.rotateBell(), Holder: evict.FromVault(r.vault), Roller: r.graph,
		Prove: func(ctx context.Context, appID string, c vault.Certificate) error {
			return prover.Prove(ctx, appID, c.DER, func(ctx context.Context, digest []byte) ([]byte, error) {
				return r.vault.SignPS256(ctx, c.Name, digest)
			})
		},
	}))
	return funchost.Queue(operations.Handle), err
}

// instance names this process in leases and records.
func instance() (string, error) {
	name, err := os.Hostname()
	return fmt.Sprintf("%s-%d-%s", name, os.Getpid(), rand.Text()[:6]), err
}

func newOrders(*slog.Logger) (funchost.Handler, error) {
	r, err := oneResponder()
	if err != nil {
		return funchost.Handler{}, err
	}
	owner, err := instance()
	return funchost.Queue(r.orders(owner).Handle), err
}

// orders carries out what people asked for. Their doorbells have a queue of their own: an eviction takes minutes, and a stop
// must not wait until one has ended.
func (r *responder) orders(owner string) *orders.Runner {
	never := r.settings.Policy().NeverTouch
	access := conditional.New(conditional.Config{
		Access: r.graph, Directory: r.graph, Cases: r.account.Cases().Of, Policies: policies.Store{Table: r.account.Table(store.TablePolicies)},
		Tenant: string(r.settings.Tenant.ID), Own: string(r.settings.ClientID), NeverTouch: never, Now: time.Now,
	})
	lever := halt.Lever{Switches: r.account.Switches(), Operations: r.account.Operations(), Approvals: r.settings.HTTPApprovals, Now: time.Now}
	risk := protect.Orders{Risk: r.graph, Principals: r.graph, NeverTouch: never}
	do := map[order.Kind]func(context.Context, *orders.Work) error{
		order.Confirm: risk.Do, order.Dismiss: risk.Do,
		order.Stop: lever.Do, order.Resume: lever.Do,
		order.CreatePolicy: access.Do, order.UpdatePolicy: access.Do, order.RemovePolicy: access.Do,
	}
	maps.Copy(do, r.clerk().Kinds())
	return orders.New(orders.Config{
		Orders: r.account.Table(store.TableOrders), Ledger: r.account.Blobs(store.ContainerLedger), Stopped: r.brakes.Stopped, Now: time.Now, Owner: owner, Do: do,
	})
}

// clerk carries out what people ask of remediations over HTTP.
func (r *responder) clerk() remediations.Clerk {
	back := undo.New(undo.Config{Operations: r.account.Operations(), Bundles: r.account.Blobs(store.ContainerUndo), Inventory: r.survey, Now: time.Now})
	return remediations.Clerk{
		People: r.account.People(time.Now), Rotations: r.account.RotationPeople(time.Now), Request: r.triage().Request, Diff: back.Diff, Undo: back.Order,
		Stopped: r.brakes.Stopped, Approvals: r.settings.HTTPApprovals, Rest: r.settings.Maintenance,
	}
}

// decideAgain asks the brakes with the case as it is stored now. What people approved takes none of the slots for acting
// alone.
func (r *responder) decideAgain(ctx context.Context, op remedy.Operation) (decide.Verdict, error) {
	if op.Undoes != "" { // nothing is taken back without people
		return decide.Verdict{Mode: decide.ModeApprove}, nil
	}
	c, err := r.account.Cases().Get(ctx, op.Principal.Key(), op.Case)
	if err != nil {
		return decide.Verdict{}, err
	}
	ask := triage.Ask{Case: c, Operation: op.ID, Outlook: triage.OutlookOf(op.Plan)}
	if op.Mandate != nil {
		return r.brakes.Judge(ctx, ask, time.Now())
	}
	return r.brakes.Decide(ctx, ask, time.Now())
}

func newSweep(logger *slog.Logger) (funchost.Handler, error) {
	r, err := oneResponder()
	if err != nil {
		return funchost.Handler{}, err
	}
	send, err := r.settings.Send()
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.Timer(sweep.New(sweep.Config{
		Findings: r.account.Findings(), Cases: r.account.Cases(), Suspects: r.account.Suspects(), Verdicts: r.account.Verdicts(), Operations: r.account.Operations(),
		Triage: r.account.Bell(store.QueueTriage), Evict: r.account.Bell(store.QueueEvict), Ordered: r.account.Bell(store.QueueOrders), Quiet: r.settings.Quiet, Now: time.Now,
		Rotations: r.rotations(), Rotate: r.account.Bell(store.QueueRotate),
		Untold: r.untold(logger), Posture: r.posture(), Orders: orders.Store{Table: r.account.Table(store.TableOrders)}.Stuck,
		Pager:   pages.Pager{Table: r.account.Table(store.TablePages), Send: send, Logger: logger, Now: time.Now},
		Stopped: r.brakes.Stopped, Ledger: r.account.Blobs(store.ContainerLedger),
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
