package graph

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"rekey/deploy/local/directory"
	"rekey/deploy/local/entra"
)

// call is one request on its way to an answer.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	actor entra.Claims
	view  directory.View
}

func (c call) id() string { return c.r.PathValue("id") }

// problem is a refusal.
type problem struct {
	status        int
	code, message string
	details       []detail
}

// detail is what Graph adds to some refusals: the code of the directory beneath it.
type detail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target"`
}

// Error implements error.
func (p problem) Error() string { return p.code + ": " + p.message }

func (p problem) write(w http.ResponseWriter) {
	body := map[string]any{
		"code": p.code, "message": p.message,
		"innerError": map[string]string{"date": time.Now().UTC().Format("2006-01-02T15:04:05"), "request-id": guid(), "client-request-id": guid()},
	}
	if p.details != nil {
		body["details"] = p.details
	}
	answer(w, p.status, map[string]any{"error": body})
}

func bad(message string) problem {
	return problem{http.StatusBadRequest, "Request_BadRequest", message, nil}
}

func notFound(id string) problem {
	return problem{http.StatusNotFound, "Request_ResourceNotFound", "Resource '" + id + "' does not exist or one of its queried reference-property objects are not present.", nil}
}

// guid is a random identifier.
func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client went away
}

// end answers 204, or what stands against it.
func (c call) end(err error) {
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
		return
	}
	c.refuse(err)
}

func (c call) refuse(err error) {
	var p problem
	switch {
	case errors.As(err, &p):
		p.write(c.w)
	case errors.Is(err, directory.ErrNotFound):
		notFound(c.id()).write(c.w)
	default:
		problem{http.StatusInternalServerError, "generalException", "The directory could not be written.", nil}.write(c.w)
	}
}

// body decodes what was sent.
func (c call) body(into any) error {
	if err := json.NewDecoder(c.r.Body).Decode(into); err != nil {
		return bad("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return nil
}
