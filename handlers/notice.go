package main

import (
	"context"
	"log/slog"
	"time"

	"rekey/handlers/notices"
	"rekey/handlers/state"
	"rekey/shared/azure/eventhub"
	"rekey/shared/host/funchost"
	"rekey/shared/store"
)

// notices tells programs outside what is stored.
func (r *responder) notices(logger *slog.Logger) *notices.Notices {
	var sinks []notices.Sink
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

func newPublish(logger *slog.Logger) (funchost.Handler, error) {
	r, err := oneResponder()
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.Queue(r.notices(logger).Handle), nil
}
