package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"rekey/handlers/notices"
	"rekey/handlers/state"
	"rekey/handlers/subscriptions"
	"rekey/shared/azure/eventhub"
	"rekey/shared/host/funchost"
	"rekey/shared/store"
)

// notices tells programs outside what is stored.
func (r *responder) notices(logger *slog.Logger) *notices.Notices {
	sinks := []notices.Sink{&subscriptions.Sink{Store: r.account.Subscriptions(), Bell: r.account.Bell(store.QueueDeliver), Now: time.Now}}
	if r.settings.Notices.Hub != "" {
		sinks = append(sinks, &notices.Hub{Open: r.openHub})
	}
	return notices.New(notices.Config{
		Tenant: string(r.settings.Tenant.ID), Findings: r.account.Findings(), Operations: r.account.Operations(), Rotations: r.account.Rotations(),
		Noted: r.account.Table(store.TableNotices), Publish: r.account.Bell(store.QueuePublish), Logger: logger, Now: time.Now,
		Sinks: func(context.Context) ([]notices.Sink, error) { return sinks, nil },
	})
}

func (r *responder) openHub() (*eventhub.Sender, error) {
	c := r.settings.Notices
	if c.ConnectionString != "" {
		return eventhub.FromConnectionString(string(c.ConnectionString), c.Hub)
	}
	cred, err := state.Credential(r.settings.Identity)
	if err != nil {
		return nil, err
	}
	return eventhub.FromNamespace(c.Namespace, c.Hub, cred)
}

// untold rings for what programs outside were not told.
func (r *responder) untold(logger *slog.Logger) func(context.Context) error {
	told, called := r.notices(logger), r.deliverer("", logger)
	return func(ctx context.Context) error { return errors.Join(told.Missed(ctx), called.Missed(ctx)) }
}

func newPublish(logger *slog.Logger) (funchost.Handler, error) {
	r, err := oneResponder()
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.Queue(r.notices(logger).Handle), nil
}

// deliverer calls back whoever subscribed to notices.
func (r *responder) deliverer(owner string, logger *slog.Logger) *subscriptions.Deliverer {
	return subscriptions.New(subscriptions.Config{
		Store: r.account.Subscriptions(), Hosts: r.settings.CallbackHosts, Transport: r.settings.CallbackTransport(), Bell: r.account.Bell(store.QueueDeliver),
		Moves: r.notices(logger).Moves, Owner: owner, Logger: logger, Now: time.Now,
	})
}

func newDeliver(logger *slog.Logger) (funchost.Handler, error) {
	r, err := oneResponder()
	if err != nil {
		return funchost.Handler{}, err
	}
	name, err := os.Hostname()
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.Queue(r.deliverer(fmt.Sprintf("%s-%d-%s", name, os.Getpid(), rand.Text()[:6]), logger).Handle), nil
}
