package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"rekey/handlers/fleets"
	"rekey/handlers/objects"
	"rekey/handlers/principals"
	"rekey/handlers/settings"
	"rekey/handlers/state"
	"rekey/handlers/stream"
	"rekey/handlers/upkeep"
	"rekey/shared/baseline"
	"rekey/shared/event"
	"rekey/shared/host/config"
	"rekey/shared/host/funchost"
	"rekey/shared/network"
	"rekey/shared/store"
)

// fleetFresh is how long a process goes on with the fleet snapshots it read.
const fleetFresh = 5 * time.Minute

// objectsFresh is how long a process goes on with which application an object id belongs to: it changes once a week.
const objectsFresh = 10 * time.Minute

// newStream makes the handler that the six stream functions share. The address table is read once a process.
func newStream(*slog.Logger) (funchost.Handler, error) {
	h, err := oneStream()
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.Events(h.Handle), nil
}

var oneStream = sync.OnceValues(func() (*stream.Stream, error) {
	var c settings.Detect
	if err := config.Load(&c); err != nil {
		return nil, err
	}
	account, err := state.Open(c.State, c.Identity)
	if err != nil {
		return nil, err
	}
	table, err := openTable(c.NetworkTable)
	if err != nil {
		return nil, err
	}
	own := network.NewOwn(c.OwnNetworks...).TrustNamed(c.TrustNamed)
	return stream.New(stream.Config{
		Principals: principals.Store{Table: account.Table(store.TablePrincipals)},
		Findings:   account.Findings(),
		Fleets:     &fleets.Store{Table: account.Table(store.TableFleet), Fresh: fleetFresh},
		Dead:       account.DeadLetters(),
		Triage:     account.Bell(store.QueueTriage),
		Enrich:     func(e *event.Event) { network.Enrich(e, table, own) },
		Hasher:     baseline.NewHasher(c.HashKey),
		World:      c.Declared(string(c.Tenant.ID)),
		Objects:    (&objects.Store{Table: account.Table(store.TableInventory), Fresh: objectsFresh, Now: time.Now}).Load,
		Suspects:   account.Suspects().IDs,
		Health:     account.Health(),
		Now:        time.Now,
	}), nil
})

// openTable reads the address table; without one, only what records say about their addresses is known.
func openTable(path string) (*network.Table, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("REKEY_NETWORK_TABLE: %w; make one with `make network-table`, or leave it empty", err)
	}
	defer f.Close()
	t, err := network.Load(f)
	return t, errors.Join(err)
}

func newUpkeep(*slog.Logger) (funchost.Handler, error) {
	var c settings.Upkeep
	if err := config.Load(&c); err != nil {
		return funchost.Handler{}, err
	}
	account, err := state.Open(c.State, c.Identity)
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.Timer(upkeep.New(upkeep.Config{
		Principals: principals.Store{Table: account.Table(store.TablePrincipals)},
		Fleets:     &fleets.Store{Table: account.Table(store.TableFleet)},
		Findings:   account.Findings(),
		Health:     account.Health(),
		Tenant:     string(c.Tenant.ID),
		Triage:     account.Bell(store.QueueTriage),
		Now:        time.Now,
	}).Handle), nil
}
