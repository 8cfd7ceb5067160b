package casefile

import (
	"fmt"
	"slices"

	"rekey/shared/baseline"
	"rekey/shared/detect"
)

// many is how much busier than its busiest day a day must be; counts are estimates with an error of a quarter.
const many = 4

func unusualResources(_ *Facts, c *Case) finding { return contributed(c, "resource", "resourceBurst") }

func unrecognizedAddress(_ *Facts, c *Case) finding {
	return contributed(c, "asn", "prefix", "address", "hosting", "country", "activityASN", "activityPrefix", "tokenElsewhere")
}

func wrongTimes(_ *Facts, c *Case) finding { return contributed(c, baseline.HourBlock.String()) }

// contributed answers yes when a detection has one of the contributions. The strongest detection is asked first.
func contributed(c *Case, names ...string) finding {
	for _, d := range c.Detections {
		for _, k := range d.Contributions {
			if slices.Contains(names, k.Name) {
				return finding{value: Yes, why: k.Value + ": " + k.Why, records: recordIDs(d)}
			}
		}
	}
	return finding{why: "no suspicious sign-in shows it"}
}

func recordIDs(d detect.Detection) []string {
	out := make([]string, len(d.Records))
	for i, r := range d.Records {
		out[i] = r.ID
	}
	return out
}

func tooMany(f *Facts, c *Case) finding {
	if x := contributed(c, "volume"); x.value == Yes {
		return x
	}
	if f.Profile == nil {
		return finding{value: Unknown, missing: MissingHistory, why: "nothing is known of its sign-ins"}
	}
	day := baseline.DayOf(c.Window.To)
	today, most := f.Profile.Volume().On(day), f.Profile.Volume().MaxBefore(day)
	x := finding{why: fmt.Sprintf("about %.0f sign-ins on %s, about %.0f on the busiest day before", today, day, most)}
	switch {
	case most == 0:
		x.value, x.missing = Unknown, MissingHistory
	case today > many*most:
		x.value = Yes
	}
	return x
}

// byRules answers yes when one of the rules found something.
func byRules(rules ...string) func(*Facts, *Case) finding {
	return func(_ *Facts, c *Case) finding { return found(c, rules...) }
}

func found(c *Case, rules ...string) finding {
	var x finding
	for _, d := range c.Detections {
		if slices.Contains(rules, d.Rule) {
			x.value = Yes
			x.why = more(x.why, d.Statement)
			x.records = append(x.records, recordIDs(d)...)
		}
	}
	return x
}

// maxWhy is how many reasons an answer names.
const maxWhy = 300

// more adds a reason, as long as there is room.
func more(why, reason string) string {
	switch {
	case why == "":
		return reason
	case len(why)+len(reason) > maxWhy:
		return why
	}
	return why + "; " + reason
}
