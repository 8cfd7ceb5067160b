package protect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rekey/handlers/orders"
	"rekey/shared/fault"
	"rekey/shared/ledger"
	"rekey/shared/order"
)

// Permissions names, for each kind of order, the application permissions that carrying it out needs.
var Permissions = map[order.Kind][]string{
	order.Confirm: {"IdentityRiskyServicePrincipal.ReadWrite.All", "Application.Read.All"},
	order.Dismiss: {"IdentityRiskyServicePrincipal.ReadWrite.All"},
}

// Orders carries out orders to confirm and to dismiss.
type Orders struct {
	Risk       Risk
	Principals Principals
	NeverTouch map[string]string // ids of applications or principals, with the reason
}

// Do carries one out. It goes on with the principals that nothing is known of yet; a batch whose answer was lost is told
// again.
func (h Orders) Do(ctx context.Context, w *orders.Work) error {
	call, what := Confirm, "confirming as compromised"
	if w.Kind == order.Dismiss {
		call, what = Dismiss, "dismissing the risk of"
	}
	if w.Kind == order.Confirm { // to dismiss the risk of the untouchable takes nothing away
		if err := h.spare(ctx, w); err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(w.Remaining(), Batch) {
		var got Outcome
		entry := ledger.Entry{Step: fmt.Sprintf("%s-%d", w.Kind, len(w.Done)+len(w.Left)+1), Object: strings.Join(batch, " "), Text: fmt.Sprintf("%s %d service principals", what, len(batch))}
		err := w.Change(ctx, entry, func() (err error) {
			if got, err = call(ctx, h.Risk, batch); err == nil && got.FellAway != "" {
				err = fault.Errorf(fault.Denied, "%s", got.FellAway)
			}
			return err
		})
		w.Done, w.Left = append(w.Done, got.Done...), append(w.Left, got.Left...)
		if err != nil {
			return err
		}
		if err := w.Save(ctx); err != nil {
			return err
		}
	}
	if len(w.Done) == 0 {
		return fault.Errorf(fault.Poison, "Identity Protection was told of none of %d service principals: see the reason of each", len(w.IDs))
	}
	w.Message = fmt.Sprintf("Identity Protection was told of %d service principals, %d were left out", len(w.Done), len(w.Left))
	return nil
}

// spare leaves out who must never be touched: together with a policy that blocks at risk, to confirm is to lock out.
func (h Orders) spare(ctx context.Context, w *orders.Work) error {
	never, err := Untouchable(ctx, h.Principals, h.NeverTouch)
	if err != nil {
		return err
	}
	for _, id := range w.Remaining() {
		if reason := never[id]; reason != "" {
			w.Left = append(w.Left, order.Left{ID: id, Reason: "never touched: " + reason})
		}
	}
	return nil
}
