// Package remediations is the remediations for whoever asks over HTTP: what there is, what was done, and the calls by which
// people ask, approve, reject, cancel and take back.
//
// The app that faces the network reads state and writes orders; it may write nothing that lets Rekey act. What is plainly
// wrong with a request is refused at once, by the state as it is then. What was accepted is decided again by the clerk, in
// the app that holds the permissions (clerk.go).
package remediations

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"

	"rekey/handlers/findings"
	"rekey/handlers/operations"
	"rekey/handlers/orders"
	"rekey/handlers/rotations"
	"rekey/shared/fault"
	"rekey/shared/host/httpapi"
	"rekey/shared/ledger"
	"rekey/shared/remedy"
	"rekey/shared/store"
)

// Config is what the routes work with.
type Config struct {
	orders.Desk
	Findings   findings.Store // to find whom a detection is about
	Operations operations.Store
	Rotations  rotations.Store
	Ledger     store.Blobs
}

type handler struct{ Config }

// rotationPart follows a remediation's path.
const rotationPart = "/rotation"

// Ids of operations and rotations: both are made of the case's.
const operationPrefix = "op-"

func rotationOf(operation string) string {
	return rotations.Prefix + strings.TrimPrefix(operation, operationPrefix)
}

func ownerOf(rotation string) string {
	return operationPrefix + strings.TrimPrefix(rotation, rotations.Prefix)
}

// find reads the operation of a path.
func (h *handler) find(r *http.Request) (remedy.Operation, error) {
	o, err := h.Operations.Get(r.Context(), r.PathValue("id"))
	switch {
	case errors.Is(err, fault.NotFound):
		return o.Operation, httpapi.Errorf(http.StatusNotFound, "Request_ResourceNotFound", "There is no such remediation: GET %s/remediations lists them.", h.Prefix)
	case errors.Is(err, fault.ErrUnreadable):
		return o.Operation, httpapi.Errorf(http.StatusConflict, "Request_Conflict", "The remediation cannot be read by this version of Rekey: %s.", err)
	}
	return o.Operation, err
}

// get shows a remediation: as JSON, or for people as text.
func (h *handler) get(w http.ResponseWriter, r *http.Request) error {
	o, err := h.find(r)
	if err != nil {
		return err
	}
	if plain(r) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(o.Text(h.Now()))) // the client went away
		return nil
	}
	httpapi.JSON(w, http.StatusOK, h.whole(r, &o))
	return nil
}

// plain reports whether a client asks for text, and for nothing before it.
func plain(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		switch kind, _, _ := mime.ParseMediaType(part); kind {
		case "text/plain":
			return true
		case "application/json", "*/*":
			return false
		}
	}
	return false
}

// record shows what was written down about a remediation. What cannot be verified is shown as what it is.
func (h *handler) record(w http.ResponseWriter, r *http.Request) error {
	o, err := h.find(r)
	if err != nil {
		return err
	}
	data, err := h.Ledger.Read(r.Context(), o.ID+ledger.Suffix)
	if errors.Is(err, fault.NotFound) {
		httpapi.JSON(w, http.StatusOK, record{true, []ledger.Entry{}})
		return nil
	}
	if err != nil {
		return err
	}
	entries, err := ledger.Verify(data)
	httpapi.JSON(w, http.StatusOK, record{err == nil, full(entries)})
	return nil
}

// rotation shows the rotation of the same case.
func (h *handler) rotation(w http.ResponseWriter, r *http.Request) error {
	j, err := h.findRotation(r.Context(), r)
	if err != nil {
		return err
	}
	httpapi.JSON(w, http.StatusOK, rotationForm(j.Journal))
	return nil
}

func (h *handler) findRotation(ctx context.Context, r *http.Request) (*rotations.Stored, error) {
	o, err := h.find(r)
	if err != nil {
		return nil, err
	}
	j, err := h.Rotations.Get(ctx, rotationOf(o.ID))
	switch {
	case errors.Is(err, fault.NotFound), err == nil && j.Claimed():
		return nil, httpapi.Errorf(http.StatusNotFound, "Request_ResourceNotFound", "There is no rotation yet: it is planned when the principal's access is cut.")
	case errors.Is(err, fault.ErrUnreadable):
		return nil, httpapi.Errorf(http.StatusConflict, "Request_Conflict", "The rotation cannot be read by this version of Rekey: %s.", err)
	case err != nil:
		return nil, err
	}
	j.Advance(h.Now())
	return j, nil
}

// decode reads a body; one with a property that is not known is refused: what is ignored would lie.
func decode(r *http.Request, into any) error {
	var raw json.RawMessage
	if err := httpapi.Decode(r, &raw); err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return httpapi.BadRequest("The body is not what this call takes: %s; docs/openapi.json says what does.", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}
