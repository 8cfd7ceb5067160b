package main

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"rekey/handlers/orders"
	"rekey/handlers/policies"
	"rekey/handlers/risk"
	"rekey/handlers/settings"
	"rekey/handlers/state"
	"rekey/shared/host/config"
	"rekey/shared/host/funchost"
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
	risks := risk.New(risk.Config{Findings: account.Findings(), Cases: account.Cases(), Prefix: prefix, Now: time.Now})
	mux := http.NewServeMux()
	mux.Handle("/", risks) // it answers what nobody knows, too
	// Who asks is not known by a function key: until a token says it, policies can be read and nothing be ordered here.
	mux.Handle(prefix+"/identity/conditionalAccess/", policies.New(policies.Config{
		Policies: policies.Store{Table: account.Table(store.TablePolicies)}, Prefix: prefix, Now: time.Now,
		Orders: orders.Store{Table: account.Table(store.TableOrders), Bell: account.Bell(store.QueueEvict)},
	}))
	return mux, nil
})
