package report

import (
	"strings"

	"rekey/shared/detect"
)

// cause is a pattern of evidence and what it usually means.
type cause struct {
	when     func(detect.Detection) bool
	cause    string
	harmless string
}

func anyOf(names ...string) func(detect.Detection) bool {
	return func(d detect.Detection) bool { return has(d, names...) }
}

// keys are the credentials that the records show.
func keys(d detect.Detection) []string {
	return distinct(d, func(r detect.Record) string { return r.KeyID })
}

// moved reports whether the network is new.
func moved(d detect.Detection) bool {
	return has(d, "asn", "prefix", "activityASN", "activityPrefix")
}

func movedAnd(names ...string) func(detect.Detection) bool {
	return func(d detect.Detection) bool { return moved(d) && has(d, names...) }
}

// causes are asked in this order; the first that holds is told. The most telling evidence comes first.
var causes = []cause{
	{
		anyOf("tokenElsewhere"),
		"A token was taken from where it was issued (a workload's memory, a log, a build) and is used elsewhere. It works until it expires, even when the credential is changed.",
		"The workload's calls leave through another egress than its sign-ins: a proxy, a private endpoint, a function that was handed the token.",
	},
	{
		func(d detect.Detection) bool { return has(d, "freshCredential") && len(keys(d)) > 1 },
		"A copied credential was used first, then one that the intruder added himself: a back door that stays open when only the copied one is removed.",
		"The workload moved and rotated its credential from its new place.",
	},
	{
		anyOf("freshCredential"),
		"Somebody who may change the application added a credential of his own and took it elsewhere. Whoever added it is a suspect, too.",
		"A deployment made the credential and its new place uses it: the person or pipeline that added it can say so.",
	},
	{
		anyOf("addressTriedMany", "sharedAddress"),
		"One intruder goes through several applications from one place: their credentials were stolen together, from a repository, a build server or a password store.",
		"Several of your own workloads moved to one new place at once: a new build server, cluster or proxy.",
	},
	{
		movedAnd("knownNetworkActive"),
		"A copy of the credential is used beside the workload, which goes on working from its usual network: it did not move, it was copied.",
		"The workload runs in two places on purpose: it was scaled out, or moves step by step.",
	},
	{
		movedAnd("agentFamily", "library", "resource"),
		"The credential is used from another network by another program than the workload: it was copied and is being tried out.",
		"The workload was moved and rebuilt at the same time, or a developer runs it from a machine of his own.",
	},
	{
		moved,
		"The credential is used from a network the workload never used: it was copied.",
		"The workload moved: a new region, provider or egress.",
	},
	{
		anyOf("resourceBurst"),
		"Somebody looks round with the workload's credential from where the workload runs: he is on its host, or came through it.",
		"A new release uses services that it did not use before.",
	},
	{
		anyOf("credentialKey", "credentialType", "credentialClass"),
		"Another credential than ever is used: one that an intruder added, or an old one that leaked.",
		"The credential was rotated, or the workload changed from one kind to another.",
	},
	{
		anyOf("resource"),
		"The workload's credential asks for access to something it never used: somebody looks round with it.",
		"A new release uses a service that it did not use before.",
	},
	{
		anyOf("volume"),
		"The credential is used far more than ever: somebody copies data with it, or tries things out.",
		"A job that retries in a loop, or an unusually large run.",
	},
	{
		anyOf("agentFamily", "agent", "library"),
		"Another program than the workload uses its credential, from a network the workload uses, too.",
		"The workload's library or runtime was changed.",
	},
	{
		anyOf("hosting", "country", "address"),
		"The credential is used from a place the workload never used.",
		"The workload's network was renumbered, or the address data changed.",
	},
	{
		anyOf("hourBlock", "silence"),
		"Somebody uses the credential when the workload never works.",
		"A schedule was changed, or somebody ran the job by hand.",
	},
}

// others are the causes of findings that are not Rekey's, by risk type.
var others = map[string]cause{
	"leakedCredentials":                         {nil, "A valid credential of this principal was found in public, for example in a repository.", "The credential was removed since. It still has to be shown that nobody used it."},
	"maliciousApplication":                      {nil, "Microsoft disabled the application for violating its terms: it may be malicious by design.", "A mistake of Microsoft's: the publisher can appeal."},
	"suspiciousApplication":                     {nil, "Microsoft holds the application for suspicious: it may be malicious by design.", "A known application that behaves unusually."},
	"suspiciousAPITraffic":                      {nil, "The principal calls Microsoft Graph unusually much or lists the directory: somebody looks round with it.", "A new inventory or backup job."},
	"investigationsThreatIntelligence":          {nil, "The principal does what Microsoft knows from attacks.", "A penetration test."},
	"adminConfirmedServicePrincipalCompromised": {nil, "An administrator said that the principal is compromised.", "It was confirmed in a drill."},
}

// causeOf returns the likeliest cause, and what would make it harmless.
func causeOf(d detect.Detection) (bad, harmless string) {
	if r, ok := ruled(d); ok {
		return r.title + ".", strings.Join(r.harmless, " ")
	}
	if d.Source == "" || d.Source == detect.SourceRekey {
		for _, c := range causes {
			if c.when(d) {
				return c.cause, c.harmless
			}
		}
	}
	if c, ok := others[d.Type]; ok {
		return c.cause, c.harmless
	}
	return "The principal is used in a way it was not used before.", "Somebody responsible for it can say why."
}
