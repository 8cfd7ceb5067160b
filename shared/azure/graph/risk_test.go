package graph_test

import (
	"errors"
	"testing"

	local "rekey/deploy/local/graph"
	"rekey/shared/azure/graph"
	"rekey/shared/fault"
)

func TestABatchOfWhichOneIsNotTakenIsToldFromAMissingPermission(t *testing.T) {
	w := newWorld(t, local.Options{})
	const write = "IdentityRiskyServicePrincipal.ReadWrite.All"
	before := len(w.directory.Changes())
	err := w.client(write).Dismiss(t.Context(), "sp", "nobody")
	if !errors.Is(err, graph.ErrNotTaken) || !errors.Is(err, fault.NotFound) || len(w.directory.Changes()) != before {
		t.Errorf("%v, and %d changes", err, len(w.directory.Changes())-before)
	}
	if err := w.client().ConfirmCompromised(t.Context(), "sp"); err == nil || errors.Is(err, graph.ErrNotTaken) {
		t.Errorf("without the permission: %v", err)
	}
	poor := newWorld(t, local.Options{Unlicensed: true})
	if err := poor.client(write).Dismiss(t.Context(), "nobody"); errors.Is(err, graph.ErrNotTaken) {
		t.Errorf("without a licence: %v", err)
	}
}
