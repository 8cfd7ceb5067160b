package main

import (
	"rekey/handlers/evict"
	"rekey/handlers/principals"
	"rekey/handlers/state"
	"rekey/shared/azure/vault"
	"rekey/shared/baseline"
	"rekey/shared/store"
)

// reach gives the executor everything that steps work on beside credentials: Azure, what undo puts back, the vaults of
// owners, and what the days of watching look at.
func (r *responder) reach(c evict.Config) evict.Config {
	c.Azure, c.Restorer, c.AzureRestorer = r.arm, r.graph, r.arm
	c.Secrets = func(url string) (evict.SecretStore, error) {
		cred, err := state.Credential(r.settings.Identity)
		if err != nil {
			return nil, err
		}
		s, err := vault.OpenSecrets(url, cred, vault.Options{AnyHost: r.settings.Private})
		return evict.VaultSecrets{Secrets: s}, err
	}
	c.Failures = evict.FailedSignIns(principals.Store{Table: r.account.Table(store.TablePrincipals)}, baseline.NewHasher(r.settings.HashKey))
	c.Triage = r.account.Bell(store.QueueTriage)
	return c
}
