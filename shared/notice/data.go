package notice

import (
	"time"

	"rekey/shared/detect"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
)

// Principal is who a notice is about, in Graph's names.
type Principal struct {
	ID          string `json:"servicePrincipalId"` // the object id; empty where the logs have only the application's
	AppID       string `json:"appId,omitempty"`
	DisplayName string `json:"servicePrincipalDisplayName,omitempty"` // chosen by whoever made it
}

// Detection is the data of a detection's notices.
type Detection struct {
	ID string `json:"id"`
	Principal
	RiskEventType string    `json:"riskEventType"`
	RiskLevel     string    `json:"riskLevel"` // of the finding itself, whatever became of it
	RiskState     string    `json:"riskState"`
	RiskDetail    string    `json:"riskDetail"`
	Source        string    `json:"source"`
	Rule          string    `json:"rule,omitempty"`
	Statement     string    `json:"statement,omitempty"` // in words; names in it were chosen by others
	Posture       bool      `json:"posture"`             // found by a look at what there is: nothing happened
	KeyIDs        []string  `json:"keyIds"`
	First         time.Time `json:"activityDateTime"`
	Last          time.Time `json:"lastActivityDateTime"`
	Detected      time.Time `json:"detectedDateTime"`
	Reasons       []Reason  `json:"reasons"`
	Records       []Record  `json:"records"`
}

// Reason is one thing that made a sign-in unfamiliar.
type Reason struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Why   string `json:"why"`
}

// Record is a log record that shows the detection; its id is that of the log.
type Record struct {
	ID        string    `json:"id"`
	Time      time.Time `json:"time"`
	IPAddress string    `json:"ipAddress,omitempty"`
	ASN       uint32    `json:"asn,omitempty"`
	Country   string    `json:"country,omitempty"`
	Resource  string    `json:"resource,omitempty"`
	KeyID     string    `json:"keyId,omitempty"`
}

// Operation is the data of an operation's notices: one state it was in.
type Operation struct {
	ID     string `json:"id"`
	CaseID string `json:"caseId"`
	Principal
	Sequence      int    `json:"sequence"` // counts the operation's notices from 1
	State         string `json:"state"`
	PreviousState string `json:"previousState,omitempty"`
	PlanHash      string `json:"planHash"`
	Reason        string `json:"reason,omitempty"`
	Undoes        string `json:"undoes,omitempty"` // id of the operation that this one takes back
}

// Rotation is the data of a rotation's notices: one state it was in.
type Rotation struct {
	ID     string `json:"id"`
	CaseID string `json:"caseId"`
	Principal
	Sequence      int    `json:"sequence"`
	State         string `json:"state"`
	PreviousState string `json:"previousState,omitempty"`
	Tier          int    `json:"tier,omitempty"` // the tier it is at; absent when all have ended
	TierHash      string `json:"tierHash,omitempty"`
	Reason        string `json:"reason,omitempty"`
}

func detection(d detect.Detection) Detection {
	out := Detection{
		ID: d.ID, Principal: Principal{d.Principal.ObjectID, d.Principal.AppID, d.Principal.Name},
		RiskEventType: d.Type, RiskLevel: string(d.Level), RiskState: d.RiskState(), RiskDetail: d.RiskDetail(),
		Source: d.Source, Rule: d.Rule, Statement: d.Statement, Posture: d.Posture,
		KeyIDs: append([]string{}, d.KeyIDs...), First: d.First.UTC(), Last: d.Last.UTC(), Detected: d.Detected.UTC(),
		Reasons: make([]Reason, len(d.Contributions)), Records: make([]Record, len(d.Records)),
	}
	for i, c := range d.Contributions {
		out.Reasons[i] = Reason{c.Name, c.Value, c.Why}
	}
	for i, r := range d.Records {
		out.Records[i] = Record{r.ID, r.Time.UTC(), r.IPAddress, r.ASN, r.Country, r.Resource, r.KeyID}
	}
	return out
}

func operation(o remedy.Operation, m remedy.Move) Operation {
	return Operation{
		ID: o.ID, CaseID: o.Case, Principal: Principal{o.Principal.ObjectID, o.Principal.AppID, o.Principal.Name}, Sequence: m.N,
		State: string(m.State), PreviousState: string(m.From), PlanHash: m.Plan, Reason: m.Reason, Undoes: o.Undoes,
	}
}

func rotation(h rotate.Head, m rotate.Move) Rotation {
	return Rotation{
		ID: h.ID, CaseID: h.Case, Principal: Principal{ID: h.Principal, DisplayName: h.Name}, Sequence: m.N,
		State: string(m.State), PreviousState: string(m.From), Tier: m.Tier, TierHash: m.Hash, Reason: m.Reason,
	}
}
