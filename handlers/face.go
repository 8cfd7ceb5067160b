package main

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"rekey/handlers/face"
	"rekey/handlers/orders"
	"rekey/handlers/policies"
	"rekey/handlers/settings"
	"rekey/handlers/state"
	"rekey/shared/host/config"
	"rekey/shared/host/funchost"
	"rekey/shared/host/httpapi"
	"rekey/shared/store"
)

// newFace makes the handler that the HTTP functions share: the Functions host proxies every request of an app to one
// place, and its path tells whose it is.
func newFace(*slog.Logger) (funchost.Handler, error) {
	h, err := oneFace()
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.HTTP(h), nil
}

// prefix of every path: the Functions host's own.
const prefix = "/api"

var oneFace = sync.OnceValues(func() (http.Handler, error) {
	var c settings.Face
	if err := config.Load(&c); err != nil {
		return nil, err
	}
	account, err := state.Open(c.State, c.Identity)
	if err != nil {
		return nil, err
	}
	routes := face.Routes(face.Config{
		Findings: account.Findings(), Cases: account.Cases(), Verdicts: account.Verdicts(), Policies: policies.Store{Table: account.Table(store.TablePolicies)},
		Orders: orders.Store{Table: account.Table(store.TableOrders), Bell: account.Bell(store.QueueOrders)}, Triage: account.Bell(store.QueueTriage),
		Operations: account.Operations(), Rotations: account.Rotations(), Ledger: account.Blobs(store.ContainerLedger),
		Subscriptions: account.Subscriptions(), Deliver: account.Bell(store.QueueDeliver), CallbackHosts: c.CallbackHosts,
		Authority: string(c.Authority) + "/" + string(c.Tenant.ID), Prefix: prefix, Now: time.Now,
	})
	return httpapi.New(httpapi.Config{Prefix: prefix, Routes: routes, Verifier: httpapi.NewVerifier(c.Tokens(time.Now)), Now: time.Now}), nil
})
