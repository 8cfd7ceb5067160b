package httpapi

// About is what a call takes and gives, for descriptions of the API (package openapi). The parameters in the path are in
// the path itself.
type About struct {
	Tag     string // what the call is about, in a word or two
	Text    string // more than the summary; may be empty
	Query   []Param
	Headers []Param
	Body    any      // a value of the type that is sent; nil: nothing is
	Answers []Answer // of success; what is refused has the same form everywhere
}

// Param is one parameter of a query, or a header.
type Param struct {
	Name, Text string
	Kind       string   // string, integer or boolean; "" is string
	Enum       []string // the values that are taken; empty: any
	Required   bool
}

// Answer is one answer of success.
type Answer struct {
	Status  int
	Text    string
	Body    any // a value of the type that is answered; nil: nothing is
	Headers []Param
	Plain   bool // the same can be had as text/plain
}

// Collection is how lists are answered.
type Collection[T any] struct {
	Context string `json:"@odata.context,omitempty"`
	Count   *int   `json:"@odata.count,omitempty"`
	AtLeast *int   `json:"@rekey.countAtLeast,omitempty" about:"In place of the count, when more rows would have to be read than one request may."`
	Next    string `json:"@odata.nextLink,omitempty" about:"Where the list goes on; follow it as it is."`
	Value   []T    `json:"value"`
}
