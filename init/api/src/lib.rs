//! What crosses the border of PID 1: service descriptions, status, requests.
