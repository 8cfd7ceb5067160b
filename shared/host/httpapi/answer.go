package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"rekey/shared/fault"
)

// Error is an answer in Graph's form of errors.
type Error struct {
	Status  int
	Code    string // for programs
	Message string // for people: what was wrong and what to do
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Errorf makes an Error.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{status, code, fmt.Sprintf(format, args...)}
}

// BadRequest is what is wrong with a request.
func BadRequest(format string, args ...any) *Error {
	return Errorf(http.StatusBadRequest, "Request_BadRequest", format, args...)
}

func isTransient(err error) bool { return errors.Is(err, fault.Transient) }

// asError gives an error its answer. The text of an error that was not made for the client stays inside.
func asError(err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, fault.NotFound):
		return Errorf(http.StatusNotFound, "Request_ResourceNotFound", "There is no such resource.")
	case errors.Is(err, fault.Limit):
		return BadRequest("The request is too large.")
	}
	return Errorf(http.StatusServiceUnavailable, "serviceNotAvailable", "The state cannot be read or written at the moment. Try again.")
}

// JSON answers with a body.
func JSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":{"code":"generalException","message":"The answer could not be written."}}`)
	}
	Raw(w, status, b)
}

// Raw answers with a body that is JSON already.
func Raw(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	h.Set("OData-Version", "4.0")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client went away
}

// maxBody bounds what a client may send.
const maxBody = 64 << 10

// Decode reads a body of JSON.
func Decode(r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return Errorf(http.StatusUnsupportedMediaType, "Request_BadRequest", "Send a body with Content-Type: application/json.")
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return BadRequest("The body could not be read to its end.")
	case len(b) > maxBody:
		return Errorf(http.StatusRequestEntityTooLarge, "Request_BadRequest", "The body has more than %d bytes.", maxBody)
	case json.Unmarshal(b, into) != nil:
		return BadRequest("The body is not the JSON that is expected here.")
	}
	return nil
}
