package main

import (
	"log/slog"
	"time"

	"rekey/handlers/risk"
	"rekey/handlers/settings"
	"rekey/handlers/state"
	"rekey/shared/host/config"
	"rekey/shared/host/funchost"
	"rekey/shared/host/httpapi"
	"rekey/shared/store"
)

// prefix is that of every HTTP function, as host.json has it (extensions.http.routePrefix).
const prefix = "/api"

func newRisk(*slog.Logger) (funchost.Handler, error) {
	var c settings.Face
	if err := config.Load(&c); err != nil {
		return funchost.Handler{}, err
	}
	account, err := state.Open(c.State, c.Identity)
	if err != nil {
		return funchost.Handler{}, err
	}
	return funchost.HTTP(httpapi.New(httpapi.Config{
		Prefix: prefix, Now: time.Now,
		Verifier: httpapi.NewVerifier(c.Tokens(time.Now)),
		Routes: risk.Routes(risk.Config{
			Findings: account.Findings(), Cases: account.Cases(), Verdicts: account.Verdicts(), Triage: account.Bell(store.QueueTriage), Prefix: prefix, Now: time.Now,
		}),
	})), nil
}
