package subscriptions

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"rekey/handlers/access"
	"rekey/shared/fault"
	"rekey/shared/host/httpapi"
	"rekey/shared/host/webhook"
	"rekey/shared/store"
	"rekey/shared/subscription"
)

// Desk takes subscriptions over HTTP.
type Desk struct {
	Store
	Bell   store.Bell // of the queue deliver
	Hosts  []string   // that may be called
	Prefix string     // of all paths, "/api"
	Now    func() time.Time
}

const (
	path = "/subscriptions"
	tag  = "subscriptions"
	most = 200 // of one owner
)

// Status of a subscription.
const (
	statusActive  = "active"
	statusFailing = "failing"
	statusEnded   = "ended"
)

// view is a subscription as it is answered: its callback without what is secret in it.
type view struct {
	ID       string `json:"id"`
	Callback string `json:"callback" about:"The host and path of the callback's address. The rest is a secret and is not told."`
	subscription.Filter
	Once       bool       `json:"once"`
	Created    time.Time  `json:"createdDateTime"`
	By         string     `json:"createdBy"`
	Expires    *time.Time `json:"expirationDateTime,omitempty"`
	Status     string     `json:"status" enum:"active,failing,ended"`
	Detail     string     `json:"statusDetail" about:"Of one that is failing or ended, why; of one that goes on, the last refusal of a notice."`
	FailsSince *time.Time `json:"failingSinceDateTime,omitempty" about:"Since when nothing arrives."`
	Next       *time.Time `json:"nextTryDateTime,omitempty"`
	Last       *time.Time `json:"lastDeliveryDateTime,omitempty"`
	Dead       int        `json:"deadLetters" about:"How many notices were given up; see deadLetters and resend."`
}

// SchemaName is the name of the type in descriptions.
func (view) SchemaName() string { return "subscription" }

// made is the answer to whoever subscribed.
type made struct {
	view
	Key string `json:"signingKey" about:"What is delivered is signed with it, see the header Rekey-Signature. It is told to whoever makes the subscription, and nowhere else."`
}

// SchemaName is the name of the type in descriptions.
func (made) SchemaName() string { return "newSubscription" }

// named is the body of unsubscribing by callback, for those that cannot keep what subscribing answered.
type named struct {
	Callback string `json:"callbackUrl" about:"As it was given when the subscription was made, by the same caller."`
}

// SchemaName is the name of the type in descriptions.
func (named) SchemaName() string { return "callback" }

// deadLetter is a notice that was given up.
type deadLetter struct {
	ID      string    `json:"id" about:"Of the notice."`
	Type    string    `json:"type"`
	Subject string    `json:"subject"`
	Died    time.Time `json:"gaveUpDateTime"`
	Why     string    `json:"reason"`
}

// SchemaName is the name of the type in descriptions.
func (deadLetter) SchemaName() string { return "deadLetter" }

// nothing is the body of a call that needs none.
type nothing struct{}

// SchemaName is the name of the type in descriptions.
func (nothing) SchemaName() string { return "nothing" }

// request is the body of subscribing.
type request struct{ subscription.Request }

// SchemaName is the name of the type in descriptions.
func (request) SchemaName() string { return "subscriptionRequest" }

// Routes are the calls.
func Routes(d Desk) []httpapi.Route {
	route := func(method, path, name, summary string, about httpapi.About, do func(http.ResponseWriter, *http.Request) error) httpapi.Route {
		about.Tag = tag
		return httpapi.Route{Method: method, Path: path, Name: name, Summary: summary, Permission: access.Subscribe, About: about, Do: do}
	}
	none := []httpapi.Answer{{Status: http.StatusNoContent, Text: "Done, or there is none."}}
	ok := func(body any) httpapi.About {
		return httpapi.About{Answers: []httpapi.Answer{{Status: http.StatusOK, Text: "What there is.", Body: body}}}
	}
	return []httpapi.Route{
		route(http.MethodPost, path, "subscribe", "Be called back about detections, remediations and rotations.", httpapi.About{
			Text: "The same callback of the same caller is the same subscription: what is sent again changes nothing, and another filter takes the place of the one before.",
			Body: request{}, Answers: []httpapi.Answer{{
				Status: http.StatusCreated, Text: "Notices are delivered from now on.", Body: made{},
				Headers: []httpapi.Param{{Name: "Location", Text: "The subscription; DELETE ends it."}},
			}},
		}, d.subscribe),
		route(http.MethodGet, path, "listSubscriptions", "List who is called back, and how it goes.", ok(httpapi.Collection[view]{}), d.list),
		route(http.MethodGet, path+"/{id}", "getSubscription", "Read one subscription.", ok(view{}), d.show),
		route(http.MethodDelete, path+"/{id}", "unsubscribe", "End a subscription, and drop what was not delivered.", httpapi.About{Answers: none}, d.unsubscribe),
		route(http.MethodPost, path+"/unsubscribe", "unsubscribeCallback", "End a subscription by its callback.", httpapi.About{Body: named{}, Answers: none}, d.unsubscribeCallback),
		route(http.MethodGet, path+"/{id}/deadLetters", "listDeadLetters", "List the notices that were given up.", ok(httpapi.Collection[deadLetter]{}), d.deadLetters),
		route(http.MethodPost, path+"/{id}/resend", "resendDeadLetters", "Deliver the notices again that were given up.", httpapi.About{Body: nothing{}, Answers: none}, d.resend),
	}
}

// maxBody bounds what is read of a request.
const maxBody = 32 << 10

// read reads a body strictly. What is wrong with it is told without quoting it: it has a secret in it.
func read(r *http.Request, into any) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(b) > maxBody {
		return httpapi.BadRequest("The body could not be read, or has more than %d bytes.", maxBody)
	}
	j := json.NewDecoder(bytes.NewReader(b))
	j.DisallowUnknownFields()
	if j.Decode(into) != nil {
		return httpapi.BadRequest("The body is not the JSON that is expected here, or has a property that there is not; see docs/api.md.")
	}
	return nil
}

func (d Desk) subscribe(w http.ResponseWriter, r *http.Request) error {
	var req subscription.Request
	if err := read(r, &req); err != nil {
		return err
	}
	caller := httpapi.CallerOf(r.Context())
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return err
	}
	x, err := subscription.New(req, caller.ObjectID, caller.String(), hex.EncodeToString(key[:]), d.Now())
	if err == nil {
		_, err = webhook.Check(req.Callback, d.Hosts)
	}
	if err != nil {
		return httpapi.BadRequest("The subscription is refused: %s.", err)
	}
	kept, p, err := d.open(r.Context(), x)
	if err != nil {
		return err
	}
	store.Nudge(r.Context(), d.Bell, kept.ID)
	w.Header().Set("Location", httpapi.Origin(r)+d.Prefix+path+"/"+kept.ID)
	httpapi.JSON(w, http.StatusCreated, made{show(kept.Subscription, p), kept.Key})
	return nil
}

// open keeps a subscription: the one that is there if it asks for the same, else the new one in its place.
func (d Desk) open(ctx context.Context, x subscription.Subscription) (stored, subscription.Progress, error) {
	old, err := d.get(ctx, x.ID)
	switch {
	case errors.Is(err, fault.NotFound):
		if err := d.room(ctx, x.Owner); err != nil {
			return stored{}, subscription.Progress{}, err
		}
	case err != nil:
		return stored{}, subscription.Progress{}, err
	default:
		p, err := d.progress(ctx, x.ID)
		if err != nil {
			return stored{}, subscription.Progress{}, err
		}
		p.Progress = p.Of(old.Subscription)
		if old.Same(x.Request) && !old.Expired(d.Now()) && p.Ended.IsZero() {
			return old, p.Progress, nil
		}
		x.Key, x.Resend = old.Key, old.Resend
	}
	fresh := stored{x, old.tag}
	if err := d.put(ctx, fresh); err != nil {
		if errors.Is(err, fault.Conflict) {
			err = httpapi.Errorf(http.StatusServiceUnavailable, "serviceNotAvailable", "The same subscription is being made by another request. Try again.")
		}
		return stored{}, subscription.Progress{}, err
	}
	return fresh, subscription.Progress{}, nil
}

// room refuses what would be one too many: who subscribes without end wears out whoever delivers.
func (d Desk) room(ctx context.Context, owner string) error {
	all, err := d.all(ctx)
	if err != nil {
		return err
	}
	n := 0
	for _, x := range all {
		if x.Owner == owner {
			n++
		}
	}
	if n >= most {
		return httpapi.Errorf(http.StatusForbidden, "Request_QuotaExceeded", "You have %d subscriptions, which is as many as one may have: end some, GET %s%s lists them.", n, d.Prefix, path)
	}
	return nil
}

func show(x subscription.Subscription, p subscription.Progress) view {
	v := view{
		ID: x.ID, Callback: subscription.Shown(x.Callback), Filter: x.Filter, Once: x.Once, Created: x.Created, By: x.By, Expires: x.Expires,
		Status: statusActive, Detail: p.Error, FailsSince: at(p.Failing), Next: at(p.Next), Last: at(p.Last), Dead: p.Dead,
	}
	switch {
	case !p.Ended.IsZero():
		v.Status, v.Detail = statusEnded, p.Why
	case p.Failures > 0:
		v.Status = statusFailing
	}
	return v
}

func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (d Desk) list(w http.ResponseWriter, r *http.Request) error {
	all, err := d.all(r.Context())
	if err != nil {
		return err
	}
	out := httpapi.Collection[view]{Value: make([]view, 0, len(all))}
	for _, x := range all {
		p, err := d.progress(r.Context(), x.ID)
		if err != nil {
			return err
		}
		out.Value = append(out.Value, show(x.Subscription, p.Of(x.Subscription)))
	}
	httpapi.JSON(w, http.StatusOK, out)
	return nil
}

// find reads the subscription of a path.
func (d Desk) find(r *http.Request) (stored, error) {
	x, err := d.get(r.Context(), r.PathValue("id"))
	if errors.Is(err, fault.NotFound) {
		err = httpapi.Errorf(http.StatusNotFound, "Request_ResourceNotFound", "There is no such subscription; GET %s%s lists them.", d.Prefix, path)
	}
	return x, err
}

func (d Desk) show(w http.ResponseWriter, r *http.Request) error {
	x, err := d.find(r)
	if err != nil {
		return err
	}
	p, err := d.progress(r.Context(), x.ID)
	if err != nil {
		return err
	}
	httpapi.JSON(w, http.StatusOK, show(x.Subscription, p.Of(x.Subscription)))
	return nil
}

func (d Desk) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	return d.end(w, r, r.PathValue("id"))
}

func (d Desk) unsubscribeCallback(w http.ResponseWriter, r *http.Request) error {
	var body named
	if err := read(r, &body); err != nil {
		return err
	}
	return d.end(w, r, subscription.ID(httpapi.CallerOf(r.Context()).ObjectID, body.Callback))
}

// end removes a subscription. One that is not there is what was asked for.
func (d Desk) end(w http.ResponseWriter, r *http.Request, id string) error {
	x, err := d.get(r.Context(), id)
	if err == nil {
		if err = mine(r, x, "end"); err == nil {
			err = d.remove(r.Context(), x)
		}
	}
	if err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	if err == nil {
		store.Nudge(r.Context(), d.Bell, x.ID)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// mine lets whoever made a subscription change it, and whoever may decide about risk: to be silent about something is a decision.
func mine(r *http.Request, x stored, what string) error {
	caller := httpapi.CallerOf(r.Context())
	if caller.ObjectID == x.Owner || access.Decide.Refusal(caller) == "" {
		return nil
	}
	return httpapi.Errorf(http.StatusForbidden, "Authorization_RequestDenied",
		"Insufficient privileges to complete the operation. To %s a subscription that somebody else made, %s is needed.", what, access.Decide.AnyOf[0][0])
}

func (d Desk) deadLetters(w http.ResponseWriter, r *http.Request) error {
	x, err := d.find(r)
	if err != nil {
		return err
	}
	list, _, err := d.Store.list(r.Context(), partitionDead(x.ID), page)
	if err != nil {
		return err
	}
	out := httpapi.Collection[deadLetter]{Value: make([]deadLetter, len(list))}
	for i, l := range list {
		out.Value[i] = deadLetter{l.ID, l.Type, l.Subject, l.Died, l.Why}
	}
	httpapi.JSON(w, http.StatusOK, out)
	return nil
}

// resend writes down that dead letters are wanted again; whoever delivers puts them back.
func (d Desk) resend(w http.ResponseWriter, r *http.Request) error {
	x, err := d.find(r)
	if err != nil {
		return err
	}
	if err := mine(r, x, "resend the dead letters of"); err != nil {
		return err
	}
	p, err := d.progress(r.Context(), x.ID)
	if err != nil {
		return err
	}
	if p.Progress = p.Of(x.Subscription); !p.Ended.IsZero() {
		return httpapi.Errorf(http.StatusConflict, "Request_Conflict", "The subscription has ended (%s): subscribe again first.", p.Why)
	}
	x.Resend = d.Now().UTC()
	if err := d.put(r.Context(), x); err != nil {
		return err
	}
	store.Nudge(r.Context(), d.Bell, x.ID)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
