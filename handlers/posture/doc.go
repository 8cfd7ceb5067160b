// Package posture looks at everything the directory has, once a week: the applications and service principals, what is
// known of their use, and whether the hosts of their redirect URIs still exist. What package shared/posture finds is kept
// as detections that open no case.
//
// It runs within the timer of sweep, after sweep's own work and for a short time only; where it stopped is in a row, and
// the next run goes on from there. One instance works at a time: it holds the row for a while, by its ETag.
package posture
