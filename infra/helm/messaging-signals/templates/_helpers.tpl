{{- define "signals.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "signals.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* Labels of one process. Takes a dict with root and process. */}}
{{- define "signals.selector" -}}
app.kubernetes.io/name: messaging-signals
app.kubernetes.io/instance: {{ include "signals.name" .root }}
app.kubernetes.io/component: {{ .process }}
{{- end -}}

{{- define "signals.labels" -}}
{{ include "signals.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{/* Names of the secrets of a process, one a line. `operator` is that of the jobs and commands. */}}
{{- define "signals.secretNames" -}}
{{- $own := list -}}
{{- if eq .process "operator" -}}
{{- $own = list "SIGNALS_MASTER_KEY" -}}
{{- else -}}
{{- $own = (index .root.Values.processes .process).secrets -}}
{{- if eq .root.Values.secrets.keys "issued" -}}
{{- $own = prepend $own "SIGNALS_KEYS" -}}
{{- end -}}
{{- end -}}
{{- concat $own .root.Values.secrets.common | uniq | join "\n" -}}
{{- end -}}

{{/* What a container reads from its environment: addresses, settings, and the paths of its secrets. */}}
{{- define "signals.env" -}}
{{- $root := .root -}}
{{- $process := .process -}}
{{- $env := dict "KAFKA_BROKERS" $root.Values.kafka.brokers "SCHEMA_REGISTRY_URL" $root.Values.registry.url -}}
{{- if not (has "REDIS_URL" $root.Values.secrets.common) -}}
{{- $_ := set $env "REDIS_URL" $root.Values.redis.url -}}
{{- end -}}
{{- if $root.Values.kafka.strimziCluster -}}
{{- $_ := set $env "KAFKA_SECURITY_PROTOCOL" "SSL" -}}
{{- $_ := set $env "KAFKA_SSL_CA" "/run/kafka-ca/ca.crt" -}}
{{- $_ := set $env "KAFKA_SSL_CERT" "/run/kafka/user.crt" -}}
{{- $_ := set $env "KAFKA_SSL_KEY_FILE" "/run/kafka/user.key" -}}
{{- else if $root.Values.kafka.usernamePrefix -}}
{{- $_ := set $env "KAFKA_SASL_USERNAME" (printf "%s%s" $root.Values.kafka.usernamePrefix $process) -}}
{{- end -}}
{{- range $name := splitList "\n" (include "signals.secretNames" .) -}}
{{- if $name -}}
{{- $_ := set $env (printf "%s_FILE" $name) (printf "/run/signals/%s/%s" $process $name) -}}
{{- end -}}
{{- end -}}
{{- $env = merge (deepCopy (default dict .more)) $env $root.Values.settings $root.Values.kafka.settings $root.Values.registry.settings $root.Values.redis.settings -}}
{{- range $name := keys $env | sortAlpha }}
- name: {{ $name }}
  value: {{ index $env $name | quote }}
{{- end }}
{{- end -}}

{{- define "signals.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities: { drop: [ALL] }
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "signals.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{/* Mounts of a container with the secrets of a process. */}}
{{- define "signals.mounts" -}}
- { name: tmp, mountPath: /tmp }
- { name: secrets, mountPath: /run/signals/{{ .process }}, readOnly: true }
{{- if .root.Values.kafka.strimziCluster }}
- { name: kafka-user, mountPath: /run/kafka, readOnly: true }
- { name: kafka-ca, mountPath: /run/kafka-ca, readOnly: true }
{{- end }}
{{- end -}}

{{- define "signals.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
- name: secrets
  secret: { secretName: {{ include "signals.name" .root }}-{{ .process }}, defaultMode: 0440 }
{{- if .root.Values.kafka.strimziCluster }}
- name: kafka-user
  secret: { secretName: {{ .root.Values.kafka.usernamePrefix }}{{ .process }}, defaultMode: 0440 }
- name: kafka-ca
  secret: { secretName: {{ .root.Values.kafka.strimziCluster }}-cluster-ca-cert, defaultMode: 0440 }
{{- end }}
{{- end -}}
