#!/bin/sh
# The namespace and the search attributes of ops/stack/temporal.ts (a test compares them).
set -eu
temporal operator namespace describe --namespace default >/dev/null 2>&1 ||
  temporal operator namespace create --namespace default --retention 72h
create() {
  temporal operator search-attribute list --namespace default | grep -qw "$1" ||
    temporal operator search-attribute create --namespace default --name "$1" --type "$2"
}
create Symbol KeywordList
create Timeframe Keyword
create Verdict KeywordList
create CandleClose Datetime
create Trigger KeywordList
create CorroUser Keyword
